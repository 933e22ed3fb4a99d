"""imagewire in Vim."""

TITLE = "imagewire in Vim: a prompt becomes a link, whose image can be changed and made again"
SETTINGS = "set shortmess+=I noruler noshowcmd laststatus=2 statusline=%f%=%{imagewire#Statusline()}\\ "


def command(repository):
    plugin = repository / "clients/vim"
    clean = ["vim", "-Nu", "DEFAULTS", "-i", "NONE", "--cmd", f"set runtimepath^={plugin}"]
    return [*clean, "-c", "runtime plugin/imagewire.vim", "-c", SETTINGS, "note.md"]


def play(terminal):
    terminal.type("4G", pace=0)
    terminal.say("A prompt, where the image shall be")
    terminal.hold(1)
    terminal.type(":Imagewire a red fox")
    terminal.hold(0.6)
    terminal.type("\r")
    terminal.say("Meanwhile you write on")
    terminal.see("s left")
    terminal.type("GoA heron stood on the ice.\x1b")
    terminal.say("The link lands where the command was given")
    terminal.see("images/a-red-fox.png")
    terminal.hold(2)
    terminal.say("One undo removes it, and nothing else")
    terminal.type("u")
    terminal.miss("images/a-red-fox.png")
    terminal.hold(1.5)
    terminal.type("\x12")
    terminal.see("images/a-red-fox.png")
    terminal.hold(1)
    terminal.say("Change the image under the cursor; its file is sent after a question")
    terminal.type("4G0", pace=0)
    terminal.type(":ImagewireChange by night\r")
    terminal.see("a-red-fox.png to wavespeed?")
    terminal.hold(2)
    terminal.type("y")
    terminal.see("images/by-night.png")
    terminal.hold(2)
    terminal.say("The same prompt with another seed")
    terminal.type(":ImagewireVary\r")
    terminal.see("images/a-red-fox_2.png")
    terminal.hold(2)
    terminal.say("What an image was made from, and what was made from it")
    terminal.type(":ImagewireHistory\r")
    terminal.see("made from it")
    terminal.hold(3)
    terminal.type("\x1b")
    terminal.say("Every image so far")
    terminal.type(":ImagewireList\r")
    terminal.see("a lighth")
    terminal.hold(1.5)
    terminal.type("jjj", pace=0.4)

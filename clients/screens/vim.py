"""imagewire in Vim."""

TITLE = "imagewire in Vim: a prompt becomes a link in the text"
SETTINGS = "set shortmess+=I noruler noshowcmd laststatus=2 statusline=%f%=%{imagewire#Statusline()}\\ "


def command(repository):
    plugin = repository / "clients/vim"
    clean = ["vim", "-Nu", "DEFAULTS", "-i", "NONE", "--cmd", f"set runtimepath^={plugin}"]
    return [*clean, "-c", "runtime plugin/imagewire.vim", "-c", SETTINGS, "note.md"]


def play(terminal):
    terminal.type("4G", pace=0)
    terminal.say("A prompt, where the image shall be")
    terminal.hold(1)
    terminal.type(":Imagewire a red fox in snow")
    terminal.hold(0.6)
    terminal.type("\r")
    terminal.say("Meanwhile you write on")
    terminal.see("s left")
    terminal.type("GoA heron stood on the ice.\x1b")
    terminal.say("The link lands where the command was given")
    terminal.see("![a red fox in snow](images/")
    terminal.hold(2.5)
    terminal.say("One undo removes it, and nothing else")
    terminal.type("u")
    terminal.miss("![a red fox in snow]")
    terminal.hold(2)
    terminal.type("\x12")
    terminal.see("![a red fox in snow]")
    terminal.hold(1)
    terminal.say("Every image so far: open one, or insert its link")
    terminal.type(":ImagewireList\r")
    terminal.see("a lighthouse")
    terminal.hold(1.5)
    terminal.type("jjj", pace=0.4)
    terminal.type("i")
    terminal.see("![a tram in the rain")
    terminal.hold(2.5)

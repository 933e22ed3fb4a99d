"""imagewire in Emacs, on a terminal."""

TITLE = "imagewire in Emacs: a prompt becomes a link in the text"
SETUP = """(progn
  (menu-bar-mode -1)
  (line-number-mode -1)
  (setq ring-bell-function 'ignore suggest-key-bindings nil extended-command-suggest-shorter nil))"""


def command(repository):
    return ["emacs", "-nw", "-Q", "-L", str(repository / "clients/emacs"), "-l", "imagewire", "--eval", SETUP, "note.org"]


def play(terminal):
    terminal.type("\x0e\x0e\x0e", pace=0)
    terminal.say("A prompt, where the image shall be")
    terminal.hold(1)
    terminal.type("\x1bximagewire-generate\r")
    terminal.see("Image of:")
    terminal.type("a red fox in snow")
    terminal.hold(0.6)
    terminal.say("Meanwhile you write on")
    terminal.type("\r")
    terminal.see("s left")
    terminal.type("\x1b>A heron stood on the ice.")
    terminal.say("The link lands where the command was given")
    terminal.see("images/a-red-fox-in-snow.png")
    terminal.hold(2.5)
    terminal.say("Every image so far: open one, or insert its link")
    terminal.type("\x1bximagewire-list\r")
    terminal.see("a lighth")
    terminal.hold(3)

"""imagewire in Emacs, on a terminal."""

TITLE = "imagewire in Emacs: a prompt becomes a link, whose image can be changed and made again"
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
    terminal.type("a red fox")
    terminal.hold(0.6)
    terminal.say("Meanwhile you write on")
    terminal.type("\r")
    terminal.see("s left")
    terminal.type("\x1b>A heron stood on the ice.")
    terminal.say("The link lands where the command was given")
    terminal.see("images/a-red-fox.png")
    terminal.hold(2)
    terminal.say("Change the image at point; its file is sent after a question")
    terminal.type("\x1b<\x13images\r", pace=0)
    terminal.type("\x1bximagewire-change\r")
    terminal.see("Change the image:")
    terminal.type("by night\r")
    terminal.see("a-red-fox.png to wavespeed?")
    terminal.hold(2)
    terminal.type("y")
    terminal.see("images/by-night.png")
    terminal.hold(2)
    terminal.say("The same prompt with another seed")
    terminal.type("\x1bximagewire-vary\r")
    terminal.see("images/a-red-fox_2.png")
    terminal.hold(2)
    terminal.say("What an image was made from, and what was made from it")
    terminal.type("\x1bximagewire-history\r")
    terminal.see("History:")
    terminal.type("\t\t")
    terminal.see(" ago")
    terminal.hold(3)
    terminal.type("\x07")
    terminal.say("Every image so far")
    terminal.type("\x1bximagewire-list\r")
    terminal.see("a lighth")
    terminal.hold(3)

"""imagewire in VS Code: there is no window, so `vscode.cjs` draws what the extension tells the editor."""

TITLE = "imagewire in VS Code, drawn as text: a prompt becomes a link, whose image can be changed and made again"
COMMANDS, DOWN, ESCAPE, BEGINNING, END = "\x10", "\x0e", "\x1b", "\x1b<", "\x1b>"


def command(repository):
    return ["node", str(repository / "clients/screens/vscode.cjs"), "note.md"]


def play(terminal):
    terminal.type(3 * DOWN, pace=0)
    terminal.say("A prompt, where the image shall be")
    terminal.hold(1)
    run(terminal, "make an image")
    terminal.see("Image of")
    terminal.type("a red fox")
    terminal.hold(0.6)
    terminal.say("Meanwhile you write on")
    terminal.type("\r")
    terminal.see("s left")
    terminal.type(END + "A heron stood on the ice.")
    terminal.say("The link lands where the command was given")
    terminal.see("images/a-red-fox.png")
    terminal.hold(2)
    terminal.say("Change the image under the cursor; its file is sent after a question")
    terminal.type(BEGINNING + 3 * DOWN, pace=0)
    run(terminal, "change")
    terminal.see("What to change")
    terminal.type("by night\r")
    terminal.see("a-red-fox.png to wavespeed?")
    terminal.hold(2)
    terminal.type("\r")
    terminal.see("images/by-night.png")
    terminal.hold(2)
    terminal.say("The same prompt with another seed")
    run(terminal, "vary")
    terminal.see("images/a-red-fox_2.png")
    terminal.hold(2)
    terminal.say("What an image was made from, and what was made from it")
    run(terminal, "history")
    terminal.see("made from it")
    terminal.hold(3)
    terminal.type(ESCAPE)
    terminal.say("Every image so far")
    run(terminal, "list")
    terminal.see("a lighth")
    terminal.hold(1.5)
    terminal.type(3 * DOWN, pace=0.4)


def run(terminal, words):
    """A command of the palette, by some of its words."""
    terminal.type(COMMANDS + words)
    terminal.hold(0.6)
    terminal.type("\r")

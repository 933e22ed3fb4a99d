// Nothing may print here: stdout carries only the protocol. See Program.
Program.main()

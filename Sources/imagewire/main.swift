// The wire belongs to the protocol: nothing here or below may print. See Program.
Program.main()

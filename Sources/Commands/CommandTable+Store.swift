extension CommandTable {
  static let store = Command(
    "store", "move the predictions of this machine into a database of PostgreSQL",
    details: [
      "All predictions of the state directory are copied in one transaction, with their keys and the record of what was sent. The file of "
        + "SQLite is set aside. Nothing is sent meanwhile: every imagewire of this state directory must have ended, and the database "
        + "must be empty. Afterwards set IMAGEWIRE_STORE to the same address.",
      "Leave a password out of the address, since other users see the arguments of a process: PGPASSFILE, PGSERVICE and ~/.pgpass are read.",
    ],
    operands: [Operand("ACTION", "what to do", choices: ["migrate"])],
    options: [
      CommandOption(
        "--to", nil, .text("ADDRESS"), "postgresql://HOST/DATABASE or service=NAME (the value of IMAGEWIRE_STORE)"),
      CommandOption("--from", nil, .choice(["sqlite"]), "where they are (sqlite)"),
    ] + table,
    examples: [.init("imagewire store migrate --to postgresql://db.example/imagewire", "move them")])
}

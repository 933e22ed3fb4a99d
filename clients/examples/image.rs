// rustc image.rs && ./image "a red fox"
use std::io::Write;
use std::process::{Command, Stdio};

/// A text as JSON. A program with a JSON library uses that, here and to read the reply.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c < ' ' => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prompt = std::env::args().nth(1).ok_or("usage: image PROMPT")?;
    let program = std::env::var("IMAGEWIRE").unwrap_or("imagewire".into());
    let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let params = format!(r#"{{"prompt":{},"wait_ms":1800000}}"#, quoted(&prompt));
    let mut requests = process.stdin.take().ok_or("no input")?;
    writeln!(requests, r#"{{"jsonrpc":"2.0","id":1,"method":"submit","params":{params}}}"#)?;
    drop(requests);
    let reply = String::from_utf8(process.wait_with_output()?.stdout)?;
    if !reply.contains(r#""status":"completed""#) {
        return Err(reply.into());
    }
    for part in reply.split(r#""path":""#).skip(1) {
        println!("{}", part.split('"').next().unwrap_or_default());
    }
    Ok(())
}

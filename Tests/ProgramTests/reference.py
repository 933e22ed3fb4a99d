"""Writes the reference of the protocol, schemas/protocol.md, and the examples of the OpenRPC document. `make schemas` runs both.

    reference.py PROGRAM SCHEMAS        schemas/protocol.md
    reference.py --examples SCHEMAS     Sources/Service/Schemas/MethodExamples.swift

What a method takes, returns and refuses is what PROGRAM prints (`imagewire schema`); the examples are from SCHEMAS/examples.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

#: The transcript of a method's example and the id of the request in it. Other methods have a transcript of their name, whose
#: first request is the example.
EXAMPLES = {
    "submit": ("submit-then-result", 1),
    "status": ("submit-then-result", 4),
    "result": ("submit-then-result", 3),
    "list": ("list-and-delete", 4),
    "delete": ("list-and-delete", 9),
    "thumbnail": ("thumbnail", 2),
    "subscribe": ("subscribe", 4),
    "unsubscribe": ("subscribe", 5),
    "validate": ("models", 5),
    "quote": ("money", 1),
    "balance": ("money", 2),
    "ping": ("params", 6),
    "initialize": ("lifecycle", 0),
    "shutdown": ("lifecycle", 3),
    "rpc.discover": ("lifecycle", 2),
}
PLACEHOLDER = re.compile(r"<([a-z0-9|]+)(\?)?(?::([\w-]+))?>")
#: A name within a longer string.
WITHIN = re.compile(r"<[a-z]+:[\w-]+>")
#: The values for placeholders that name only a kind.
SAMPLES = {
    "time": "2026-11-24T11:00:12.940Z",
    "sha256": "756eabc03a1942adbe7cc27e01e0fb42caa22e6758316582723a6df62cca8bb5",
    "url": "file:///home/ada/pictures/lighthouse.png",
    "path": "/home/ada/pictures/lighthouse.png",
    "folder": "/home/ada/pictures",
}
#: The values for strings, for anything and for integers, by field.
STRINGS = {"remote_id": "sandbox-mx31btka-ed13b75b", "version": "0.1.0"}
ANY = {"methods": ["submit", "status", "..."]}
INTEGERS = {"bytes": 2113, "revision": 5, "queued": 4, "total": 58, "inference": 0}
#: The fields of a prediction that an example shows after the first one has shown all.
SHOWN = ("id", "status", "files", "billing", "failure", "revision")


def schema(program, name):
    """A schema as the program prints it."""
    printed = subprocess.run([program, "schema", name], capture_output=True, check=True, timeout=60)
    return json.loads(printed.stdout)


# -- Examples ------------------------------------------------------------------------------------------------------


def sample(value, field=""):
    """A value of a transcript with its placeholders filled in."""
    if isinstance(value, dict):
        filled = {name: sample(element, name) for name, element in value.items()}
        if filled.get("status") == "created" and "revision" in filled:
            filled["revision"] = 1
        return filled
    if isinstance(value, list):
        return [sample(element, field) for element in value]
    if not isinstance(value, str):
        return value
    if not (placeholder := PLACEHOLDER.fullmatch(value)):
        return WITHIN.sub(lambda name: sample(name[0]), value)
    kind, optional, name = placeholder.groups()
    if optional:
        return None
    if kind == "id":
        return f"01a20d36-9e0c-79d7-a459-{int.from_bytes(name.encode()[:6], 'big') & 0xFFFF_FFFF_FFFF:012x}"
    if kind == "integer":
        return INTEGERS.get(field, 1)
    if name:
        return name
    if kind in ("string", "any"):
        return (STRINGS if kind == "string" else ANY).get(field, "...")
    return SAMPLES.get(kind, kind.split("|")[0])


def shortened(value):
    """A message whose predictions show only the fields of `SHOWN`."""
    if isinstance(value, list):
        return [shortened(element) for element in value]
    if not isinstance(value, dict):
        return value
    if "has_nsfw_contents" in value:
        return {**{name: value[name] for name in SHOWN if value[name] not in (None, [])}, "...": True}
    return {name: shortened(element) for name, element in value.items()}


def layout(value, indent=0, width=110):
    """JSON text with short objects on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, (dict, list)):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        inner = [f"{json.dumps(name)}: {layout(element, indent + 2)}" for name, element in value.items()]
        return "{\n" + ",\n".join(pad + line for line in inner) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + layout(element, indent + 2) for element in value) + "\n" + " " * indent + "]"


def transcript(folder, name):
    """The messages of a transcript, with the side that says each."""
    lines = [json.loads(line) for line in (folder / f"examples/{name}.jsonl").read_text().splitlines()[1:]]
    return [(side, message) for line in lines for side, message in line.items() if isinstance(message, dict)]


def conversations(folder):
    """All messages of all transcripts."""
    for path in sorted((folder / "examples").glob("*.jsonl")):
        yield from transcript(folder, path.stem)


def first_request(folder, method):
    """The id of the first request of a method in the transcript of its name."""
    return next(m["id"] for side, m in transcript(folder, method) if side == "client" and m.get("method") == method and "id" in m)


def exchange(folder, method):
    """The request and the response of a method's example, or one message of a notification, and the transcript that has them."""
    if method in EXAMPLES or (folder / f"examples/{method}.jsonl").exists():
        name, identifier = EXAMPLES.get(method) or (method, first_request(folder, method))
        told = transcript(folder, name)
        request = next(message for side, message in told if side == "client" and message.get("id") == identifier)
        assert request["method"] == method, f"{name}.jsonl calls {request['method']} with id {identifier}, not {method}"
        response = next(message for side, message in told if side == "server" and message.get("id") == identifier)
        return [request, response], name
    sent = (message for _, message in conversations(folder) if message.get("method") == method and "id" not in message)
    return [message for message in [next(sent, None)] if message], None


def example(folder, method):
    """The example of a method as a part of the page."""
    messages, name = exchange(folder, method)
    source = f", from [{name}.jsonl](examples/{name}.jsonl)" if name else ""
    if not messages:
        return []
    if method != "submit":
        messages = [shortened(message) for message in messages]
    text = [layout(sample(message)) for message in messages]
    return [f"Example{source}:", "", "```json", *text, "```", ""]


def whole(value):
    """A value without the marks of what a transcript leaves open."""
    if isinstance(value, list):
        return [whole(element) for element in value]
    return {name: whole(element) for name, element in value.items() if name != "..."} if isinstance(value, dict) else value


def named(params, known):
    """The params of a request by name, without those that the method ignores; those of a notification from imagewire as they are."""
    if isinstance(known, dict):
        return params
    names = [part["name"] for part in known]
    given = dict(zip(names, params)) if isinstance(params, list) else params
    return {name: value for name, value in given.items() if name in names}


def examples(folder):
    """The Swift source with the examples that the OpenRPC document shows, by method: its params by name, and its result."""
    document = json.loads((folder / "openrpc.json").read_text())
    found = {}
    for part in document["methods"] + document["x-notifications"]:
        if messages := exchange(folder, part["name"])[0]:
            request, response = sample(whole(messages[0])), sample(whole(messages[-1]))
            found[part["name"]] = {"params": named(request.get("params", {}), part["params"])}
            if "result" in response:
                found[part["name"]]["result"] = response["result"]
    text = "\n".join("    " + line for line in layout(found, width=108).splitlines())
    return f"""/// An example of each method, out of the transcripts in schemas/examples. Rendered by `make schemas`: edit those, not this file.
enum MethodExamples {{
  /// By method: `params` by name, and `result`; of a notification only `params`.
  static let json = #\"\"\"
{text}
    \"\"\"#
}}
"""


# -- Schemas -------------------------------------------------------------------------------------------------------


def kind(part):
    """The type of a value, in a few words."""
    if "$ref" in part:
        return "[prediction](#the-prediction)"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"] if word is not None)
    types = part.get("type", "any")
    types = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    if types == ["array"] and "items" in part:
        inner = kind(part["items"])
        return f"array of {inner if inner.startswith('`') or inner.startswith('[') else inner.split(',')[0]}s"
    return " or ".join(types)


def bounds(part):
    """The range of a value; of an array also that of its elements."""
    found = []
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " bytes"), ("minItems", "maxItems", " elements")):
        if low in part and high in part:
            found.append(f"{part[low]:,} to {part[high]:,}{unit}")
        elif low in part and not (low == "minimum" and part[low] == 0):
            found.append(f"at least {part[low]:,}{unit}")
    if part.get("pattern") == "^/":
        found.append("begins with `/`")
    if "array" in str(part.get("type")) and (inner := bounds(part.get("items", {}))):
        found.append(f"each {inner}")
    return ", ".join(found)


def default(part):
    return f"`{json.dumps(part['default'])}`" if "default" in part else ""


def cell(text):
    return text.replace("|", "\\|")


def rows(properties, prefix=""):
    """A line for each field of an object, and for each field of the objects in it."""
    for name, part in properties.items():
        null = ", or null" if "null" in part.get("type", []) else ""
        about = part.get("description", "")
        if limits := bounds(part):
            about = f"{about.removesuffix('.')}; {limits}." if about else f"{limits}."
        yield f"| `{prefix}{name}` | {cell(kind(part))}{null} | {cell(about)} |"
        inner, path = (part.get("items", {}), f"{prefix}{name}[].") if "array" in str(part.get("type")) else (part, f"{prefix}{name}.")
        yield from rows(inner.get("properties", {}), path)


def fields(part):
    """The fields of an object as a table."""
    return ["| field | type | |", "|---|---|---|", *rows(part["properties"]), ""]


def parameters(method):
    if not method["params"]:
        return ["No parameters.", ""]
    lines = ["| parameter | type | bounds | default | |", "|---|---|---|---|---|"]
    for part in method["params"]:
        name = f"**`{part['name']}`**" if part.get("required") else f"`{part['name']}`"
        known = part["schema"]
        lines.append(f"| {name} | {cell(kind(known))} | {bounds(known)} | {default(known)} | {cell(known.get('description', ''))} |")
        for inner, text in known.get("properties", {}).items():
            lines.append(f"| `{part['name']}.{inner}` | {cell(kind(text))} | {bounds(text)} | {default(text)} | {cell(text.get('description', ''))} |")
    return [*lines, ""]


def result(method):
    if "result" not in method:
        return ["A notification: it has no `id` and no response.", ""]
    if method["name"] == "rpc.discover":
        return ["Result: the OpenRPC document, the same as [openrpc.json](openrpc.json).", ""]
    part = method["result"]["schema"]
    if "$ref" in part:
        return ["Result: [a prediction](#the-prediction).", ""]
    if part.get("properties"):
        return ["Result:", "", *fields(part)]
    return ["Result: `null`." if part.get("type") == "null" else "Result: `{}`.", ""]


def refusals(method):
    names = [error["$ref"].rsplit("/", 1)[-1] for error in method.get("errors", [])]
    return [f"Errors: {', '.join(f'[`{name}`](#errors)' for name in names)}.", ""] if names else []


def errors(part):
    lines = ["| code | `data.type` | `data.retryable` | more in `data` | when |", "|---|---|---|---|---|"]
    for error in part["oneOf"]:
        data = error["properties"]["data"]["properties"]
        name = f"`{data['type']['const']}`"
        again = f"`{json.dumps(data['retryable']['const'])}`" if "const" in data["retryable"] else "varies"
        more = ", ".join(f"`{word}`" for word in data if word not in ("type", "retryable"))
        lines.append(f"| {error['properties']['code']['const']} | {name} | {again} | {more} | {cell(error['description'])} |")
    return [*lines, ""]


# -- The page ------------------------------------------------------------------------------------------------------


def anchor(heading):
    """The link to a heading, as Git forges write it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def page(program, folder):
    document = schema(program, "openrpc")
    notifications = document["x-notifications"]
    names = [method["name"] for method in document["methods"]]
    lines = [
        "# Protocol reference",
        "",
        "Rendered by `make schemas` from the program's table of methods and the transcripts in [examples](examples); edit those,",
        "not this page. [README.md](README.md) explains the rules that hold for all methods.",
        "",
        "Parameters are listed in their positional order; required ones are bold. A parameter that is `null` is not given.",
        "In an example, `\"...\"` stands for what is left out.",
        "",
        "Methods: " + " · ".join(f"[{name}](#{anchor(name)})" for name in names) + ".",
        "",
        "Notifications from imagewire: " + " · ".join(f"[{part['name']}](#{anchor(part['name'])})" for part in notifications) + ".",
        "",
        "Also: [The prediction](#the-prediction) · [Errors](#errors).",
        "",
    ]
    for method in document["methods"]:
        lines += [f"## {method['name']}", "", method["summary"], ""]
        lines += [*parameters(method), *result(method), *refusals(method), *example(folder, method["name"])]
    for part in notifications:
        lines += [f"## {part['name']}", "", part["summary"], ""]
        lines += [*fields(part["params"]), *example(folder, part["name"])]
    prediction = document["components"]["schemas"]["Prediction"]
    optional = [name for name in prediction["properties"] if name not in prediction["required"]]
    lines += ["## The prediction", "", "Every method that returns a prediction returns this object ([prediction.json](prediction.json))."]
    lines += ["Always there, but for " + ", ".join(f"`{name}`" for name in optional) + ".", "", *fields(prediction)]
    lines += ["## Errors", "", "The `error` of a response ([error.json](error.json)). `message` is for people; programs read `code` or `data.type`.", ""]
    lines += errors(schema(program, "error"))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    program, folder = sys.argv[1:]
    if program == "--examples":
        Path(__file__).parents[2].joinpath("Sources/Service/Schemas/MethodExamples.swift").write_text(examples(Path(folder)))
    else:
        Path(folder, "protocol.md").write_text(page(program, Path(folder)))

#!/usr/bin/env python3
"""Renders src/imagewire/_schema.py, the types of the protocol, from schemas/openrpc.json.

The words become `Literal`, the messages `TypedDict`. `make schemas` runs it, and a test compares.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parents[1] / "schemas/openrpc.json"
RENDERED = HERE / "src/imagewire/_schema.py"
#: One line of the project's style.
WIDTH = 130

#: The names of the words, by where the document has them. A list of words that is not here gets no name.
WORDS = {
    "Status": ("components", "schemas", "Prediction", "properties", "status"),
    "Billing": ("components", "schemas", "Prediction", "properties", "billing"),
    "FileKind": ("components", "schemas", "Prediction", "properties", "files", "items", "properties", "kind"),
    "FailureType": ("components", "schemas", "Prediction", "properties", "failure", "properties", "type"),
    "CostSource": ("components", "schemas", "Prediction", "properties", "cost", "properties", "source"),
    "ModelKind": ("methods", "models", "params", "kind", "schema"),
    "ThumbnailType": ("methods", "thumbnail", "result", "schema", "properties", "media_type"),
    "WaitMode": ("methods", "wait", "params", "mode", "schema"),
}
#: The names of objects that have no title, where that of their field says too little.
NAMES = {
    "ModelsResultModels": "Model", "PredictionWaiting": "Waiting", "PredictionWarnings": "Problem",
    "ValidateResultProblems": "Problem", "ValidateResultWarnings": "Problem",
}
#: The client sends these itself.
LIFECYCLE = ("initialize", "subscribe", "unsubscribe", "$/cancelRequest", "rpc.discover")
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


class Renderer:
    """Collects the types in the order in which they need each other."""

    def __init__(self, document: Dict[str, Any]) -> None:
        self.document = document
        self.words: Dict[Tuple[str, ...], str] = {}
        self.types: Dict[str, str] = {}

    def find(self, path: Tuple[str, ...]) -> Dict[str, Any]:
        value: Any = self.document
        for name in path:
            value = next(one for one in value if one["name"] == name) if isinstance(value, list) else value[name]
        return dict(value)

    def type(self, schema: Dict[str, Any], name: str) -> str:
        """The annotation of a schema; `name` is that of a new type where the schema is an object of its own."""
        if "$ref" in schema:
            return self.reference(schema["$ref"].rsplit("/", 1)[1])
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "enum" in schema:
            words = tuple(word for word in schema["enum"] if word is not None)
            known = self.words.get(words, f"Literal[{', '.join(map(json.dumps, words))}]")
            return self.union([known, *(["None"] if None in schema["enum"] else [])])
        return self.union([self.kind(kind, schema, name) for kind in kinds]) if kinds else "Any"

    def kind(self, kind: str, schema: Dict[str, Any], name: str) -> str:
        if kind == "array":
            return f"List[{self.type(schema.get('items', {}), name)}]"
        if kind == "object":
            if not schema.get("properties"):
                return "Dict[str, Any]"
            return self.object(schema.get("title", name), schema)
        return SCALARS[kind]

    @staticmethod
    def union(kinds: List[str]) -> str:
        kinds = list(dict.fromkeys(kinds))
        if "Any" in kinds:
            return "Any"
        rest = [kind for kind in kinds if kind != "None"]
        whole = rest[0] if len(rest) == 1 else f"Union[{', '.join(rest)}]" if rest else "None"
        return f"Optional[{whole}]" if rest and len(rest) < len(kinds) else whole

    def reference(self, name: str) -> str:
        return self.object(name, self.document["components"]["schemas"][name])

    def object(self, name: str, schema: Dict[str, Any]) -> str:
        """A TypedDict; optional fields are in a second one, since `NotRequired` needs Python 3.11."""
        name = name if name.endswith(("Params", "Result")) else f"{NAMES.get(name, name)}Message"
        if name in self.types:
            return name
        required = schema.get("required", [])
        stem = name[: -len("Message")] if name.endswith("Message") else name
        lines = {
            field: f"    {field}: {self.type(one, stem + camel(field))}" for field, one in schema["properties"].items()
        }
        must = [line for field, line in lines.items() if field in required]
        may = [line for field, line in lines.items() if field not in required]
        if must and may:
            self.types[name] = "\n".join([
                f"class _{name}(TypedDict):", *must, "", "", f"class {name}(_{name}, total=False):", *may])
        else:
            total = "" if must else ", total=False"
            self.types[name] = "\n".join([f"class {name}(TypedDict{total}):", *must, *may])
        return name

    def render(self) -> str:
        parts = []
        for name, path in WORDS.items():
            words = tuple(word for word in self.find(path)["enum"] if word is not None)
            self.words[words] = name
            parts.append(literal(name, words))
        parts.append(literal("ErrorType", tuple(self.document["components"]["errors"])))
        for method in self.document["methods"]:
            if method["name"] in LIFECYCLE:
                continue
            properties = {one["name"]: one["schema"] for one in method.get("params", [])}
            if properties:
                required = [one["name"] for one in method["params"] if one.get("required")]
                self.object(camel(method["name"]) + "Params", {"properties": properties, "required": required})
            result = method.get("result", {}).get("schema", {})
            if result.get("properties"):
                self.object(camel(method["name"]) + "Result", result)
        # Only for type checkers: making them would take longer than importing the rest of the package.
        types = [f"    {line}" if line else "" for kind in self.types.values() for line in ["", *kind.split("\n")]]
        body = "\n".join([*parts, "", "if TYPE_CHECKING:", *types[1:]]).replace("\n\n\n    ", "\n\n    ") + "\n"
        names = ("TYPE_CHECKING", "Any", "Dict", "List", "Literal", "Optional", "TypedDict", "Union")
        return HEAD.replace("{names}", ", ".join(name for name in names if re.search(rf"\b{name}\b", body))) + body


HEAD = '''"""The types of the protocol, rendered from schemas/openrpc.json by clients/python/render_types.py; do not edit.

The words are those of this version; a later imagewire may send others. The messages, for type checkers only, are what the
classes of prediction.py are read from, and what `Client.call` takes and returns.
"""

from typing import {names}

'''


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def literal(name: str, words: Tuple[str, ...]) -> str:
    line = f"{name} = Literal[{', '.join(map(json.dumps, words))}]"
    if len(line) <= WIDTH:
        return line
    rows = ["   "]
    for word in words:
        piece = f" {json.dumps(word)},"
        if len(rows[-1]) + len(piece) > WIDTH:
            rows.append("   ")
        rows[-1] += piece
    return "\n".join([f"{name} = Literal[", *rows, "]"])


def rendered() -> str:
    return Renderer(json.loads(SCHEMA.read_text())).render()


if __name__ == "__main__":
    RENDERED.write_text(rendered())
    sys.stdout.write(f"{RENDERED.relative_to(HERE.parents[1])}\n")

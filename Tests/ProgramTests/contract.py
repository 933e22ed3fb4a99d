"""Checks messages against the schemas: the messages that a client sends and receives."""

import json

import jsonschema
from program import ROOT
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCHEMAS = {path.name: json.loads(path.read_text()) for path in (ROOT / "schemas").glob("*.json")}
OPENRPC = SCHEMAS.pop("openrpc.json")
METHODS = {method["name"]: method for method in OPENRPC["methods"]}


def file_of(name):
    """The file of a method or a notification."""
    return name.removeprefix("$/").replace("/", "-") + ".json"


def closed(schema):
    """The schema without undescribed fields: clients must ignore such fields, a test must not."""
    if isinstance(schema, list):
        return [closed(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


class Contract:
    """Judges one connection; remembers which method a response answers."""

    #: For objects that are open on purpose: the params of methods that ignore extras, a foreign document.
    OPEN = ("initialize.json", "rpc.discover.json")

    def __init__(self):
        resources = ((name, Resource(closed(schema) if name not in self.OPEN else schema, DRAFT202012)) for name, schema in SCHEMAS.items())
        self.registry = Registry().with_resources(resources)
        self.asked = {}

    def validate(self, value, pointer):
        jsonschema.Draft202012Validator({"$ref": pointer}, registry=self.registry).validate(value)

    # -- messages of the client -----------------------------------------------------------------------------------

    def sent(self, message):
        """Remembers the requests; a batch is many messages."""
        for one in message if isinstance(message, list) else [message]:
            if isinstance(one, dict) and isinstance(one.get("method"), str):
                if "id" in one:
                    self.asked[json.dumps(one["id"])] = one
                elif one["method"] in METHODS:
                    self.params(one)

    def params(self, request):
        params = by_name(request.get("params"), METHODS[request["method"]]["params"])
        self.validate(params, f"{file_of(request['method'])}#/properties/params")

    # -- messages of the program -----------------------------------------------------------------------------------

    def received(self, message):
        """Raises where a message does not match its schema."""
        for one in message if isinstance(message, list) else [message]:
            self.judge(one)

    def judge(self, message):
        assert message["jsonrpc"] == "2.0"
        if "method" in message:
            assert set(message) == {"jsonrpc", "method", "params"}
            self.validate({"method": message["method"], "params": message["params"]}, file_of(message["method"]))
            return
        request = self.asked.get(json.dumps(message["id"]))
        known = request and request["method"] in METHODS
        if "error" in message:
            assert set(message) == {"jsonrpc", "id", "error"}
            self.validate(message["error"], "error.json")
            if known and message["error"]["code"] not in (-32602, -32600):
                self.params(request)
            return
        assert set(message) == {"jsonrpc", "id", "result"}
        assert known, f"{message['id']} was not asked, or has no schema"
        self.params(request)
        self.validate(message["result"], f"{file_of(request['method'])}#/properties/result")


def by_name(params, parameters):
    """Params as the schemas have them, however they were sent: an object last in the array is taken by name."""
    if params is None or isinstance(params, dict):
        return params or {}
    named = params[-1] if params and isinstance(params[-1], dict) else {}
    positional = params[:-1] if params and isinstance(params[-1], dict) else params
    if positional == [None]:
        positional = []
    return {**{parameter["name"]: value for parameter, value in zip(parameters, positional)}, **named}

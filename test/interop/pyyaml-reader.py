"""Reads a JSON list of YAML texts from stdin, and prints what each says to a reader of YAML 1.1, as JSON."""
import datetime
import json
import sys

import yaml


def plain(value):
    """The value with its types, in a form in which everything that differs looks different."""
    if isinstance(value, dict):
        return {"map": [[plain(key), plain(inner)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list": [plain(inner) for inner in value]}
    if isinstance(value, (datetime.date, datetime.datetime)):
        return {"time": value.isoformat()}
    if isinstance(value, float) and value.is_integer():
        # Whether a readable number that is whole is an int or a float is not sealed: sops prints both alike.
        value = int(value)
    return {type(value).__name__: repr(value)}


def read(text):
    try:
        return [plain(document) for document in yaml.safe_load_all(text)]
    except yaml.YAMLError as error:
        return {"error": type(error).__name__}


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)

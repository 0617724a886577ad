"""Made from openapi/cospec.yaml by `make generate`, never edited.

`contract` holds the tables (operations, problem codes, limits, header names), `models` the bodies of requests,
responses and events.
"""

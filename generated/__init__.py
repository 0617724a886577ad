"""Made from openapi/cospec.yaml by `make generate`, never edited: `models` (bodies) and `contract` (tables)."""

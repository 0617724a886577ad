"""How are clients for other languages made from the document, and how is it known that they work?

`python -m scripts.clients generate|test [NAME…]`. `table` lists the clients; a folder beside it holds what each one's
generator is told and what is laid beside its output. `shapes` is what a generator cannot take in and what is done about
it, `tools` where generators come from, `generators` how they are run, `trial` how the clients are built and tried.
"""

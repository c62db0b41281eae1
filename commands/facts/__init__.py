"""One file per remote tool: its command, its pure parser and its record, together.

A parser takes what the tool printed and returns a frozen record, or raises `UnreadableOutput` and nothing else,
whatever the bytes. The versions a parser was held against stand in its docstring; their captures are in
`tests/captures`.
"""

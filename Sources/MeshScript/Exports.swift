// One import for embedders: `import MeshScript` also brings values, libraries, sources and diagnostics.

@_exported import Builtins
@_exported import Interpreter
@_exported import JSON
@_exported import Lexer

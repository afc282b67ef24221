// Tokens of every kind.
import Lexer
import Testing

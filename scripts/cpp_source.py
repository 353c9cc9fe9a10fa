"""Reading C++ text for the lints: files of the tree, blanked comments and strings, blocks and
statements. Not a parser: it knows as much of the language as the lints need."""
import os
import re

CPP = (".cpp", ".hpp", ".h", ".c")
SKIPPED = {"build", ".git", "node_modules", ".cache", "__pycache__", "third_party"}
NOISE = re.compile(
    r'(?:u8|[uUL])?R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.S,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(r"[A-Za-z_]\w*|->|::|\d[\w.']*|[^\s\w]")
CONTROL = {"if", "for", "while", "switch", "catch", "else", "do", "try", "return"}
TYPE_HEAD = re.compile(r"^(?:\s*template\s*<[^{}]*>)?\s*(?:typedef\s+)?(?:class|struct|union|enum)\b[^()]*$")
SPACE_HEAD = re.compile(r"^\s*(?:inline\s+)?namespace\b|^\s*extern\b\s*$")
TAIL_WORDS = {"const", "override", "final", "noexcept", "mutable", "else", "do", "try", "volatile"}


def source_files(root, suffixes=CPP):
    """Paths below `root` with one of `suffixes`, relative, sorted; independent of git."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        for name in sorted(names):
            if name.endswith(tuple(suffixes)):
                found.append(os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/"))
    return found


def without_comments(text):
    """`text` with comments and string contents blanked; preprocessor lines stay."""
    return NOISE.sub(_blank, text)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _spaces(match):
    """Spaces of the same shape, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def _blank(match):
    """The same, but strings keep their quotes."""
    text = match.group(0)
    blanked = _spaces(match)
    if text[-1] in "\"'" and len(text) > 1:
        return '"' + blanked[1:-1] + '"'
    return blanked


def without_noise(text):
    """`text` with comments, string contents and preprocessor lines blanked."""
    return DIRECTIVE.sub(_spaces, NOISE.sub(_blank, text))


class Block:
    """One brace pair. kind: space (namespace), type, function, lambda, block, or value."""

    def __init__(self, kind, head, line):
        self.kind, self.head, self.line = kind, head, line
        self.outer = None  # the statement that goes on after the block


class Statement:
    """Text between two `;` or block braces, lambda bodies cut out."""

    def __init__(self, line):
        self.line, self.words = line, []
        self.depth = 0  # of round and square brackets
        self.has_braces, self.captures = False, []

    def text(self):
        return " ".join(self.words)


class Scanner:
    """Walks a file once and collects its statements, its functions with their lengths, and its
    types with the heads of the blocks around them."""

    def __init__(self, text):
        self.statements, self.functions, self.types = [], [], []
        self._stack, self._now = [], None
        self._tokens = []
        line, last = 1, 0
        for match in TOKEN.finditer(without_noise(text)):
            line += text.count("\n", last, match.start())
            last = match.start()
            self._tokens.append((match.group(0), line))
        self._scan()

    def _scan(self):
        index = 0
        while index < len(self._tokens):
            word, line = self._tokens[index]
            if self._now is None:
                self._now = Statement(line)
            if word == "[" and self._opens_lambda(index):
                index = self._capture(index)
                continue
            if word == "{":
                self._open(line)
            elif word == "}":
                self._close(line)
            elif word == ";" and self._now.depth == 0 and not self._in_value():
                self._finish()
            else:
                self._now.depth += (word in "([") - (word in ")]")
                self._now.words.append(word)
            index += 1

    def _in_value(self):
        return bool(self._stack) and self._stack[-1].kind == "value"

    def _finish(self):
        if self._now is not None and self._now.words:
            self.statements.append(self._now)
        self._now = None

    def _opens_lambda(self, index):
        """A `[` that is neither a subscript nor an attribute."""
        before = self._now.words[-1] if self._now.words else ";"
        if self._tokens[index + 1 : index + 2] and self._tokens[index + 1][0] == "[":
            return False
        if before == "[" or before in ")]\"":
            return False
        return not re.match(r"\w", before) or before in ("return", "co_return", "co_await", "co_yield")

    def _capture(self, index):
        """Takes the capture list as one word; returns the index behind its `]`."""
        words, depth = [], 0
        while index < len(self._tokens):
            word = self._tokens[index][0]
            depth += (word == "[") - (word == "]")
            words.append(word)
            index += 1
            if depth == 0:
                break
        self._now.captures.append(" ".join(words[1:-1]))
        self._now.words.append("[lambda]")
        return index

    def _open(self, line):
        kind = self._kind()
        block = Block(kind, self._now.text(), line)
        if kind == "value":
            self._now.has_braces = True
            self._now.words.append("{")
        else:
            if kind == "lambda":
                block.outer = self._now
                self._now = None
            else:
                if kind == "function":
                    self.functions.append((self._now.line, self._now.text(), block))
                if kind == "type":
                    self.types.append((self._now.line, block, list(self._stack)))
                self._finish()
        self._stack.append(block)

    def _close(self, line):
        block = self._stack.pop() if self._stack else None
        if block is None:
            return
        if block.kind == "value":
            self._now.words.append("}")
            return
        self._finish()
        block.end = line
        self._now = block.outer
        if self._now is not None:
            self._now.words.append("[body]")

    def _kind(self):
        head = self._now.text()
        last = self._now.words[-1] if self._now.words else ";"
        if self._in_value() and last in "{,":
            return "value"
        if self._lambda_head():
            return "lambda"
        if self._now.depth > 0:
            return "value"
        if not self._now.words or last == ":" or last in TAIL_WORDS:
            return self._block_kind(head)
        if SPACE_HEAD.match(head) or (last == '"' and head.startswith("extern")):
            return "space"
        if TYPE_HEAD.match(head):
            return "type"
        if last in ")}" or re.search(r"\) (?:const |noexcept )*-> [\w:<>,&* ]+$", head):
            return self._block_kind(head)
        return "value"

    def _lambda_head(self):
        """Whether what stands since the last capture list is a lambda's declarator."""
        words = self._now.words
        if "[lambda]" not in words:
            return False
        tail = words[len(words) - words[::-1].index("[lambda]") :]
        text = " ".join(tail)
        return bool(re.fullmatch(r"(?:< [^;{}]* > )?(?:\(.*\))?(?: ?(?:mutable|noexcept|const))*(?: ?-> [\w:<>,&* ]+)?", text)) \
            and text.count("(") == text.count(")")

    def _block_kind(self, head):
        inside = any(b.kind in ("function", "lambda") for b in self._stack)
        first = self._now.words[0] if self._now.words else ""
        if inside or first in CONTROL or "(" not in head:
            return "block"
        return "function"

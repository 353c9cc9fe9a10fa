// Nothing runs this: it is compiled so that its precompiled header is there for the tests, which
// CMake shares only between targets of one kind, and only with the options of a program.
int main() {
    return 0;
}

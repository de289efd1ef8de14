"""``python -m vpopmail`` is the program vpopmail."""

from vpopmail.commands.vpopmail import main

if __name__ == "__main__":
    main()

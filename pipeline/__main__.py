"""Turn `python -m pipeline` into the command `customer-import`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()

"""`python -m interlock.console` is `interlock`."""

from interlock.console.main import main

if __name__ == "__main__":
    main()

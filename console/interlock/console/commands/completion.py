"""`interlock completion`: the script that teaches a shell our commands; click writes it."""

import click
from click.shell_completion import get_completion_class

from interlock.console.help import command

SHELLS = ("bash", "zsh", "fish")


@command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script for completion in SHELL.

    Examples:
      bash: interlock completion bash >> ~/.bashrc
      zsh:  interlock completion zsh  >> ~/.zshrc
      fish: interlock completion fish > ~/.config/fish/completions/interlock.fish

    """
    kind = get_completion_class(shell)
    assert kind is not None, "click completes bash, zsh and fish"
    click.echo(kind(ctx.find_root().command, {}, "interlock", "_INTERLOCK_COMPLETE").source())

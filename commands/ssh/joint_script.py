"""What a joint session runs on the node: see `commands.ssh.joint`."""

from __future__ import annotations

from collections.abc import Sequence

# `turn` is a pipe that holds one dot, which whoever writes an answer takes out meanwhile: answers do not mix. What a
# command says is held until it has ended, so none waits for a reader. LC_ALL is C, so lengths are bytes.
# Of a command that prints more than the cap nothing is told, and its pipe is closed: `cut` is a pipe that holds a dot
# then. (Lengths would not say so: bash drops NUL bytes and last newlines.) Run by itself, it is too long there as well.
SCRIPT = r"""
exec {turn}<> <(:)
printf . >&"$turn"
cap=$1; shift
upto() {
    if ! head -c "$cap" || read -rd '' -n1; then printf . >&"$cut"; fi
}
ask() {
    local number=$1 cut said; shift
    exec {cut}<> <(:)
    said=$(
        {
            told=$(
                { "$@" 2>&4 3>&- 4>&- {turn}>&- {cut}>&- </dev/null | upto >&3; exit "${PIPESTATUS[0]}"; } 4>&1 | upto
                exit "${PIPESTATUS[0]}"
            )
            printf '%s\n%s %s' "$told" "$?" "${#told}"
        } 3>&1
    )
    ! read -t 0 <&"$cut" || return
    trap '' PIPE  # whoever reads may be gone: the turn is handed on all the same
    read -rN1 <&"$turn"
    printf '%s %s\n%s' "$number" "${#said}" "$said"
    printf . >&"$turn"
}
number=0
while [ $# -gt 0 ]; do
    ask "$number" "${@:2:$1}" &
    shift "$(($1 + 1))"; number=$((number + 1))
done
wait
"""
"""Takes the cap, in bytes, of what a command prints and of its errors; then each command as its count of words and its
words. Prints answers: a line with the number of the command and the length of what follows, which is its standard
output, its errors, and a last line with its status and the errors' length."""


def words(commands: Sequence[Sequence[str]], cap: int) -> tuple[str, ...]:
    """Return the argv that runs these commands together."""
    counted = (word for command in commands for word in (str(len(command)), *command))
    return ("bash", "-c", SCRIPT, "bash", str(cap), *counted)

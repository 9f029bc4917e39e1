# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of tandem(1) for bash: the program itself knows what may follow.

_tandem()
{
	local i options=()
	COMPREPLY=()

	# Options that say where the service is go along; the command begins behind them.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--run-dir | --socket | --yang-dir)
			options+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
			((i++))
			;;
		--json)
			;;
		*)
			break
			;;
		esac
	done
	if ((i > COMP_CWORD)); then
		mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	elif ((i == COMP_CWORD)) && [[ ${COMP_WORDS[COMP_CWORD]} == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"--run-dir --socket --json --yang-dir --help --version" \
			-- "${COMP_WORDS[COMP_CWORD]}")
	else
		mapfile -t COMPREPLY < <(tandem "${options[@]}" --complete \
			"${COMP_WORDS[@]:i:COMP_CWORD-i+1}" 2>/dev/null)
	fi
}

complete -F _tandem tandem

# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of tandem(1) for bash: the program itself knows what may follow.

_tandem()
{
	local i word words options=()
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
		# The program gets words without their quotes and answers with such; those with
		# blanks are quoted for this shell, unless a quote is open already.
		words=("${COMP_WORDS[@]:i:COMP_CWORD-i+1}")
		mapfile -t words < <(tandem "${options[@]}" --complete \
			"${words[@]//[\'\"\\]/}" 2>/dev/null)
		for word in "${words[@]}"; do
			[[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v word '%q' "$word"
			COMPREPLY+=("$word")
		done
	fi
}

complete -F _tandem tandem

# bash completion for shmbrokerctl: verbs and options as its --help tells them, names as
# the broker does.
_shmbrokerctl() {
        local word=${COMP_WORDS[COMP_CWORD]} verb= words i

        for ((i = 1; i < COMP_CWORD && ${#verb} == 0; i++)); do
                case ${COMP_WORDS[i]} in
                --address) i=$((i + 1)) ;;
                -*) ;;
                *) verb=${COMP_WORDS[i]} ;;
                esac
        done
        if [[ $word == -* ]]; then
                words=$(shmbrokerctl $verb --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
        elif [[ -z $verb ]]; then
                words=$(shmbrokerctl --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
        elif [[ $verb == apply ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
        else
                words=$(shmbrokerctl ls --noheadings --output NAME 2>/dev/null)
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _shmbrokerctl shmbrokerctl

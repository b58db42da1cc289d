/* shells.c - the scripts that make bash, zsh and fish ask `lockstep completion words -- WORD...`
 * what may stand at the cursor. They know no command and no option: the answer has one word a line,
 * a tab and its help, and `:files` where names of files are wanted too. */
#include "cli/shells.h"

#include <stddef.h>

/* A word of readline's begins behind the last = or :, what it gets must begin there too. */
static const char bash[] =
    "# bash completion of lockstep; made by `lockstep completion bash`\n"
    "_lockstep() {\n"
    "  local begun head word help file IFS=$' \\t\\n'\n"
    "  local -a words\n"
    "  read -a words <<<\"${COMP_LINE:0:COMP_POINT}x\"\n"
    "  begun=${words[${#words[@]} - 1]%x}\n"
    "  words[${#words[@]} - 1]=$begun\n"
    "  head=${begun%\"${begun##*[=:]}\"}\n"
    "  COMPREPLY=()\n"
    "  while IFS=$'\\t' read -r word help; do\n"
    "    case $word in\n"
    "      :files)\n"
    "        compopt -o filenames\n"
    "        while IFS= read -r file; do COMPREPLY+=(\"$file\"); done \\\n"
    "          < <(compgen -f -- \"${begun#\"$head\"}\") ;;\n"
    "      *=) compopt -o nospace && COMPREPLY+=(\"${word#\"$head\"}\") ;;\n"
    "      *) COMPREPLY+=(\"${word#\"$head\"}\") ;;\n"
    "    esac\n"
    "  done < <(\"${1/#\\~/$HOME}\" completion words -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _lockstep lockstep\n";

static const char zsh[] =
    "#compdef lockstep\n"
    "# zsh completion of lockstep; made by `lockstep completion zsh`\n"
    "_lockstep() {\n"
    "  local line word files\n"
    "  local -a whole open whole_help open_help\n"
    "  for line in \"${(@f)$(${~words[1]} completion words -- \"${(@Q)words[2,CURRENT-1]}\" \\\n"
    "      \"${(Q)PREFIX}\" 2>/dev/null)}\"; do\n"
    "    word=${line%%$'\\t'*}\n"
    "    case $word in\n"
    "      '') ;;\n"
    "      :files) files=1 ;;\n"
    "      *=) open+=(\"$word\") open_help+=(\"$word  ${line#*$'\\t'}\") ;;\n"
    "      *) whole+=(\"$word\") whole_help+=(\"$word  ${line#*$'\\t'}\") ;;\n"
    "    esac\n"
    "  done\n"
    "  (( $#whole )) && compadd -l -d whole_help -a whole\n"
    "  (( $#open )) && compadd -l -S '' -d open_help -a open\n"
    "  if [[ -n $files ]]; then\n"
    "    compset -P '*='\n"
    "    _files\n"
    "  fi\n"
    "}\n"
    "if [[ $funcstack[1] == _lockstep ]]; then _lockstep \"$@\"; else compdef _lockstep lockstep; "
    "fi\n";

static const char fish[] =
    "# fish completion of lockstep; made by `lockstep completion fish`\n"
    "function __lockstep_words\n"
    "  set -l begun (commandline -ct)\n"
    "  set -l words (commandline -opc)\n"
    "  set -l program (string replace -r '^~' $HOME -- $words[1])\n"
    "  set -e words[1]\n"
    "  for line in ($program completion words -- $words \"$begun\" 2>/dev/null)\n"
    "    if test $line = :files\n"
    "      set -l head (string replace -r -- '[^=]*$' '' $begun)\n"
    "      for file in (__fish_complete_path (string replace -r -- '^.*=' '' $begun))\n"
    "        echo $head$file\n"
    "      end\n"
    "    else\n"
    "      echo $line\n"
    "    end\n"
    "  end\n"
    "end\n"
    "complete -c lockstep -f -a '(__lockstep_words)'\n";

const ls_shell ls_shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}, {NULL, NULL}};

// `plena completion SHELL`: what a shell completes, from the parser itself.

#include "cli/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <string>
#include <vector>

namespace plena::cli {

namespace {

constexpr const char* bash_head =
  R"sh(# plena completion bash >> ~/.bash_completion; in zsh after `autoload bashcompinit; bashcompinit`
_plena() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(_plena_commands)" -- "$word"))
    return
  fi
  case "${COMP_WORDS[1]} $before" in
)sh";

struct Command {
  std::string name;
  std::string help;
  std::vector<const CLI::Option*> options;
};

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back({command->get_name(), command->get_description(), command->get_options()});
    for (const CLI::App* inner : command->get_subcommands([](const CLI::App*) { return true; })) {
      commands.back().help += commands.back().help.find(':') == std::string::npos ? ": " : ", ";
      commands.back().help += inner->get_name();
    }
  }
  return commands;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The values of a choice, in the words of its help: `{a,b,c}`.
std::vector<std::string> values_of(const CLI::Option& option) {
  std::vector<std::string> values;
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) {
    return values;
  }
  std::string rest = type.substr(open + 1, close - open - 1);
  for (std::size_t comma = 0; comma != std::string::npos; rest.erase(0, comma + 1)) {
    comma = rest.find(',');
    values.push_back(rest.substr(0, comma));
    if (comma == std::string::npos) {
      break;
    }
  }
  return values;
}

std::vector<std::string> names_of(const Command& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.options) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

std::string bash(const std::vector<Command>& commands) {
  std::vector<std::string> all;
  std::string cases;
  std::string lists;
  for (const Command& command : commands) {
    all.push_back(command.name);
    for (const CLI::Option* option : command.options) {
      if (const auto values = values_of(*option);
          !values.empty() && !option->get_lnames().empty()) {
        cases += fmt::format(
          "    \"{} --{}\") COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n",
          command.name,
          option->get_lnames().front(),
          fmt::join(values, " ")
        );
      }
    }
    lists +=
      fmt::format("    {}) echo \"{}\" ;;\n", command.name, fmt::join(names_of(command), " "));
  }
  return fmt::format(
    "{}{}  esac\n"
    "  case \"$word\" in\n"
    "    -*) COMPREPLY=($(compgen -W \"$(_plena_options \"${{COMP_WORDS[1]}}\")\" -- \"$word\")) "
    ";;\n"
    "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
    "  esac\n}}\n"
    "_plena_commands() {{ echo \"{}\"; }}\n"
    "_plena_options() {{\n  case \"$1\" in\n{}  esac\n}}\n"
    "complete -o filenames -F _plena plena\n",
    bash_head,
    cases,
    fmt::join(all, " "),
    lists
  );
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string fish(const std::vector<Command>& commands) {
  std::string script = "# plena completion fish > ~/.config/fish/completions/plena.fish\n";
  for (const Command& command : commands) {
    script += fmt::format(
      "complete -c plena -n __fish_use_subcommand -f -a {} -d '{}'\n",
      command.name,
      quoted(first_line(command.help))
    );
    for (const CLI::Option* option : command.options) {
      const auto values = values_of(*option);
      for (const std::string& name : option->get_lnames()) {
        script += fmt::format(
          "complete -c plena -n '__fish_seen_subcommand_from {}' -l {}{} -d '{}'\n",
          command.name,
          name,
          values.empty() ? "" : fmt::format(" -x -a '{}'", fmt::join(values, " ")),
          quoted(first_line(option->get_description()))
        );
      }
    }
  }
  return script;
}

} // namespace

void add_completion(CLI::App& app, Action& action) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print what a shell completes");
  command->add_option("shell", *shell, "bash (also for zsh), or fish")
    ->required()
    ->check(CLI::IsMember(std::vector<std::string>{"bash", "fish"}));
  command->callback([&app, &action, shell] {
    action = [&app, shell]() -> int {
      const auto commands = commands_of(app);
      fmt::print("{}", *shell == "bash" ? bash(commands) : fish(commands));
      return exit_done;
    };
  });
}

} // namespace plena::cli

#pragma once

#include <array>
#include <string_view>

namespace muster::cli {

/// One verb: its synopsis, what it does, an example, and which statuses it ends with beside 0
/// and 2.
struct Verb {
    std::string_view name, synopsis, summary, example, exits;
};

inline constexpr std::array kVerbs{
    Verb{"ls", "ls [SELECTOR...] [-t TYPE] [-o FORMAT]", "list servers, truly",
         "muster ls 'chat-*' -o wide", "3 nothing matched, 7 no master"},
    Verb{"list", "list [SELECTOR...]", "the list with pomelo-cli's columns", "muster list",
         "3 nothing matched, 7 no master"},
    Verb{"status", "status [ID] [--check]", "the cluster in short, or one server with its events",
         "muster status chat-1",
         "3 no such server, 7 no master, 9 --check: something is not ready"},
    Verb{"start", "start [SELECTOR...] [-c CONFIG] [-e ENV] [-t TYPE | -i ID]",
         "start what is missing; runs the master if none answers", "muster start -c config",
         "1 none, 3 no such, 4 some, 5 timed out, 6 not allowed, 7 no master, 8 refused"},
    Verb{"stop", "stop SELECTOR... | all", "stop servers, dependents first",
         "muster stop type:chat",
         "1 none, 3 no such, 4 some, 5 timed out, 6 not allowed, 7 no master, 8 refused"},
    Verb{"restart", "restart SELECTOR... | all", "stop and start servers", "muster restart chat-1",
         "1 none, 3 no such, 4 some, 5 timed out, 6 not allowed, 7 no master, 8 refused"},
    Verb{"kill", "kill SELECTOR... | all [--yes]", "SIGKILL to servers and their children",
         "muster kill chat-1 --yes",
         "1 none, 3 no such, 4 some, 5 timed out, 6 not allowed, 7 no master, 8 refused"},
    Verb{"add", "add key=value...", "add servers, as an entry of servers.json",
         "muster add serverType=chat id=chat-3 host=127.0.0.1 port=6052",
         "6 not allowed, 7 no master, 8 refused"},
    Verb{"wait", "wait SELECTOR... | all [--timeout 60s]", "wait until servers are ready",
         "muster wait all --timeout 2m", "3 nothing matched, 5 not ready in time, 7 no master"},
    Verb{"events", "events [ID] | events -f [SELECTOR...] [-n N]",
         "the last events of a server, or all events as they come", "muster events -f 'chat-*'",
         "3 no such server, 7 no master or connection lost, 130 interrupted"},
    Verb{"orders", "orders [-n N]", "orders and their outcomes, newest first", "muster orders -n 5",
         "7 no master"},
    Verb{"validate", "validate [-c CONFIG] [-e ENV]", "check a configuration, all errors at once",
         "muster validate -c config", "2 the configuration has errors"},
    Verb{"broker", "broker acl | broker passwd  [-c CONFIG]",
         "ACL and password file for an external Mosquitto",
         "muster broker acl -c config > muster.acl", "2 the configuration has errors"},
    Verb{"module", "module list | module enable NAME | module disable NAME", "the master's modules",
         "muster module list", "3 no such module, 6 not allowed, 7 no master"},
    Verb{"completion", "completion bash", "a completion script for a shell",
         "source <(muster completion bash)", ""},
    Verb{"version", "version", "this program's version and its protocol's",
         "muster version -o json", ""},
    Verb{"help", "help [VERB]", "this text, or a verb's", "muster help start", "3 no such verb"},
};

}  // namespace muster::cli

#pragma once

#include <array>
#include <string_view>

namespace muster::cli {

/// One verb: its synopsis, what it does, an example, and which statuses it ends with. `isProcess`:
/// it is no client, and has flags of its own.
struct Verb {
    std::string_view name, synopsis, summary, example, exits;
    bool isProcess = false;
};

inline constexpr std::string_view kChangeExits =
    "0 done, 1 failed on all, 2 usage, 3 no such server, 4 some failed,\n"
    "5 timed out, 6 not allowed, 7 no master answers, 8 refused";
inline constexpr std::string_view kPlanExits =
    "0 nothing to do, 2 usage, or the configuration has errors, 5 timed out, 6 not allowed,\n"
    "7 no master answers, 10 there are changes";
inline constexpr std::string_view kLookExits =
    "0 done, 2 usage, 3 nothing matched, 5 timed out, 7 no master answers";

inline constexpr std::array kVerbs{
    Verb{"ls", "ls [SELECTOR...] [-t TYPE] [-i ID] [-o FORMAT]", "list servers, truly",
         "muster ls 'chat-*' -o wide", kLookExits},
    Verb{"list", "list [SELECTOR...] [-t TYPE] [-i ID]", "the list with pomelo-cli's columns",
         "muster list", kLookExits},
    Verb{"status", "status [ID] [--check]", "the cluster in short, or one server with its events",
         "muster status chat-1",
         "0 done, 2 usage, 3 no such server, 5 timed out, 7 no master answers,\n"
         "9 --check: something is not ready"},
    Verb{"start", "start [SELECTOR...] [-c CONFIG] [-e ENV] [-t TYPE] [-i ID] [--dry-run]",
         "start what is missing; runs the master if none answers", "muster start -c config",
         kChangeExits},
    Verb{"stop", "stop SELECTOR... | all [-t TYPE] [-i ID] [--drain[=30m]] [--dry-run]",
         "stop servers, dependents first", "muster stop type:chat", kChangeExits},
    Verb{"restart",
         "restart SELECTOR... | all [-t TYPE] [-i ID] [--rolling [N|P%]] [--only-changed]\n"
         "         [--drain[=30m]] [--dry-run]",
         "restart servers, one of a type after the other", "muster restart -t chat --rolling 25%",
         kChangeExits},
    Verb{"kill", "kill SELECTOR... | all [-t TYPE] [-i ID] [--yes] [--dry-run]",
         "SIGKILL to servers and their children", "muster kill chat-1 --yes", kChangeExits},
    Verb{"cordon", "cordon SELECTOR... | all [-t TYPE] [-i ID] [--dry-run]",
         "ask servers to take nothing new", "muster cordon host:h1", kChangeExits},
    Verb{"uncordon", "uncordon SELECTOR... | all [-t TYPE] [-i ID] [--dry-run]",
         "let servers take new work again", "muster uncordon host:h1", kChangeExits},
    Verb{"drain",
         "drain SELECTOR... | all [-t TYPE] [-i ID] [--until-empty] [--deadline 30m] [--force]\n"
         "         [--dry-run]",
         "stop servers once they have no sessions", "muster drain chat-1 --deadline 30m",
         kChangeExits},
    Verb{"plan", "plan [-o FORMAT]", "what the configuration would change, server by server",
         "muster plan", kPlanExits},
    Verb{"diff", "diff [-o FORMAT]", "the same as lines: + added, - removed, ~ changed",
         "muster diff", kPlanExits},
    Verb{"apply", "apply [--plan ID] [--rolling [N|P%]] [--drain[=30m]] [--yes] [--dry-run]",
         "do what plan shows, and nothing else", "muster apply --rolling 25%", kChangeExits},
    Verb{"add", "add serverType=TYPE key=value... [--dry-run]",
         "add servers, as an entry of servers.json",
         "muster add serverType=chat id=chat-3 host=127.0.0.1 port=6052",
         "0 done, 2 usage, 5 timed out, 6 not allowed, 7 no master answers, 8 refused"},
    Verb{"scale", "scale TYPE N [--drain[=30m]] [--yes] [--dry-run]",
         "so many servers of a type: the lowest numbers stay", "muster scale chat 4", kChangeExits},
    Verb{"wait", "wait SELECTOR... | all [-t TYPE] [-i ID] [--timeout 60s]",
         "wait until servers are ready", "muster wait all --timeout 2m",
         "0 all ready, 2 usage, 3 nothing matched, 5 not ready in time, 7 no master answers"},
    Verb{"events", "events ID | events -f [SELECTOR...] [-t TYPE] [-n N]",
         "the last events of a server, or all events as they come", "muster events -f 'chat-*'",
         "0 done, 2 usage, 3 no such server, 5 timed out,\n"
         "7 no master answers or the connection was lost, 130 interrupted"},
    Verb{"logs", "logs [SELECTOR...] [-t TYPE] [-i ID] [-n N] [--stream stdout|stderr] [-f]",
         "what servers wrote, in the order of time", "muster logs 'chat-*' -f",
         "0 done, 1 nothing could be read, 2 usage, 3 nothing matched, 4 some could not be read,\n"
         "5 timed out, 6 not allowed, 7 no master answers, 130 interrupted"},
    Verb{"orders", "orders [-n N]", "orders and their outcomes, newest first", "muster orders -n 5",
         "0 done, 2 usage, 5 timed out, 7 no master answers"},
    Verb{"validate", "validate [CONFIG | -c CONFIG] [-e ENV]",
         "check a configuration, all errors at once", "muster validate -c config",
         "0 valid, 2 usage, or the configuration has errors"},
    Verb{"broker",
         "broker clients | sessions | queues | slow | stats  [-n N] [--json]\n"
         "         muster broker subscriptions [FILTER | --client ID] [-n N] [--json]\n"
         "         muster broker retained [FILTER] [-n N] [--json]\n"
         "         muster broker disconnect ID\n"
         "         muster broker trace [--client ID] [--topic FILTER] [--json]\n"
         "         muster broker acl | passwd  [-c CONFIG] [-e ENV]",
         "what goes on in the embedded broker; files for an external Mosquitto",
         "muster broker slow",
         "0 done, 1 failed, 2 usage, or the configuration has errors, 3 no such client,\n"
         "5 timed out, 6 not allowed, 7 no master answers, 8 an external broker,\n130 interrupted"},
    Verb{"module", "module list | module enable NAME | module disable NAME", "the master's modules",
         "muster module list",
         "0 done, 2 usage, 3 no such module, 5 timed out, 6 not allowed, 7 no master answers"},
    Verb{"completion", "completion bash", "a completion script for a shell",
         "source <(muster completion bash)", "0 done, 2 usage, 3 no such shell"},
    Verb{"version", "version", "this program's version and its protocol's",
         "muster version -o json", "0 done"},
    Verb{"help", "help [VERB]", "this text, or a verb's", "muster help start",
         "0 done, 3 no such verb"},
    Verb{"master", "master [-c CONFIG] [-e ENV] [--log FILE] [-v]",
         "runs a master alone; it starts servers only when asked to", "muster master -c config",
         "0 ended by a signal, 1 failed, 2 usage or configuration, 8 another master leads", true},
    Verb{"node",
         "node --state DIR [--master URL] [--cluster NAME] [--id ID] [--host ADDRESS]\n"
         "                 [--ca FILE] [--cert FILE] [--key FILE]",
         "runs the agent of a host; `muster start` does so here",
         "muster node --state /var/lib/muster --master mqtts://m1:8883 --cluster chat",
         "0 ended by a signal, 1 failed, 2 usage", true},
    Verb{"keep", "keep --state DIR [-- NODE COMMAND...]",
         "holds the processes of a host; `muster start` and node launch it",
         "muster keep --state .muster", "0 ended, 1 failed, 2 usage", true},
    Verb{"upgrade", "upgrade --state DIR",
         "puts this program in the place of the host's keeper and node; servers go on",
         "muster upgrade --state .muster", "0 done, 1 failed, 2 usage, 5 timed out", true},
};

}  // namespace muster::cli

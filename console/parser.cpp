#include "console/parser.hpp"

#include "common/config/problems.hpp"
#include "console/change_flags.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/units.hpp"
#include "console/verbs.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::string_view kGlobalFlags =
    "Flags of every verb:\n"
    "  -c, --config PATH    configuration: finds the master and the admin token by itself\n"
    "  -e, --env NAME       environment of the configuration (default: MUSTER_ENV, development)\n"
    "  -h HOST  -P PORT     the master's address;  --url mqtts://HOST:PORT instead of both\n"
    "  -u USER  -p PASSWORD who asks (better: MUSTER_USER, MUSTER_PASSWORD, or the prompt)\n"
    "  --cluster NAME  --ca FILE  --cert FILE  --key FILE\n"
    "  -o FORMAT            table, wide, json, jsonl, name, pomelo\n"
    "  --timeout TIME       of the whole call: 250ms, 10s, 2m, 1h\n"
    "  -q, -v, --no-color   less talk, more talk, no colours (also NO_COLOR)\n";

constexpr std::string_view kProcessFlags =
    "Its flags stand behind it: 'muster VERB --help' lists them.\n";

const std::map<std::string, Format> kFormats{{"table", Format::Table}, {"wide", Format::Wide},
                                             {"json", Format::Json},   {"jsonl", Format::JsonLines},
                                             {"name", Format::Name},   {"pomelo", Format::Pomelo}};

void addConnectionFlags(CLI::App& app, Arguments& a) {
    app.add_option("-h,--host", a.host);
    app.add_option("-P,--port", a.port)->check(CLI::Range(1, 65535));
    app.add_option("--url", a.url);
    app.add_option("-u,--user", a.user);
    app.add_option("-p,--password", a.password);
    app.add_option("--cluster", a.cluster);
    app.add_option("-c,--config", a.config);
    app.add_option("-e,--env", a.env);
    app.add_option("--ca", a.caFile);
    app.add_option("--cert", a.certFile);
    app.add_option("--key", a.keyFile);
}

void addOutputFlags(CLI::App& app, Arguments& a, std::string& timeout) {
    app.add_option_function<std::string>("-o,--output", [&a](const std::string& word) {
        const auto found = kFormats.find(word);
        if (found == kFormats.end()) {
            throw CLI::ValidationError("-o", "'" + word +
                                                 "' is none of table, wide, json, jsonl, "
                                                 "name, pomelo");
        }
        a.format = found->second;
    });
    app.add_flag("-q,--quiet", a.isQuiet);
    app.add_flag("-v,--verbose", a.isVerbose);
    app.add_flag("--no-color", a.isColourless);
    app.add_option("--timeout", timeout);
}

void addTargets(CLI::App& verb, Arguments& a) {
    verb.add_option("selector", a.words);
    verb.add_option("-t,--type", a.type);
    verb.add_option("-i,--id", a.ids)->allow_extra_args(false);
}

void addLookingVerbs(CLI::App& app, Arguments& a) {
    for (const char* name : {"ls", "list", "wait"}) addTargets(*app.add_subcommand(name), a);
    CLI::App* status = app.add_subcommand("status");
    status->add_option("id", a.words)->expected(0, 1);
    status->add_flag("--check", a.isCheck);
    CLI::App* events = app.add_subcommand("events");
    addTargets(*events, a);
    events->add_flag("-f,--follow", a.isFollowing);
    events->add_option("-n,--limit", a.limit)->check(CLI::Range(1, 1'000'000));
    CLI::App* logs = app.add_subcommand("logs");
    addTargets(*logs, a);
    logs->add_flag("-f,--follow", a.isFollowing);
    logs->add_option("-n,--limit", a.limit)->check(CLI::Range(1, 100'000));
    logs->add_option("--stream", a.stream)->check(CLI::IsMember({"stdout", "stderr"}));
    app.add_subcommand("orders")->add_option("-n,--limit", a.limit)->check(CLI::Range(1, 1000));
    app.add_subcommand("validate")->add_option("config", a.config);
    app.add_subcommand("version");
    app.add_subcommand("help")->add_option("verb", a.words)->expected(0, 2);
    app.add_subcommand("completion")->add_option("shell", a.words)->expected(0, 1);
}

/// A flag that may stand without its value; what is none behind it is one more selector.
void addOptionalValue(CLI::App& verb, const char* name, Arguments& a,
                      std::optional<std::string>& value, bool (*isValue)(const std::string&)) {
    verb.add_option_function<std::string>(name,
                                          [&a, &value, isValue](const std::string& word) {
                                              const bool isItsOwn = word.empty() || isValue(word);
                                              value = isItsOwn ? word : std::string();
                                              if (!isItsOwn) a.words.push_back(word);
                                          })
        ->expected(0, 1);
}

void addChangingVerbs(CLI::App& app, Arguments& a) {
    for (const char* name : {"start", "stop", "restart", "kill"}) {
        CLI::App* verb = app.add_subcommand(name);
        addTargets(*verb, a);
        verb->add_flag("--yes", a.isConfirmed);
        verb->add_flag("--dry-run", a.isDryRun);
    }
    CLI::App* restart = app.get_subcommand("restart");
    CLI::App* apply = app.add_subcommand("apply");
    for (CLI::App* verb : {restart, apply})
        addOptionalValue(*verb, "--rolling", a, a.rolling, isRolloutWidth);
    for (CLI::App* verb : {restart, apply, app.get_subcommand("stop")})
        addOptionalValue(*verb, "--drain", a, a.drain, isDuration);
    apply->add_flag("--yes", a.isConfirmed);
    apply->add_flag("--dry-run", a.isDryRun);
    apply->add_option("--plan", a.plan);
    for (const char* name : {"plan", "diff"}) app.add_subcommand(name);
    for (const char* name : {"drain", "cordon", "uncordon"}) {
        CLI::App* verb = app.add_subcommand(name);
        addTargets(*verb, a);
        verb->add_flag("--dry-run", a.isDryRun);
    }
    CLI::App* drain = app.get_subcommand("drain");
    drain->add_flag_callback("--until-empty", [] {});  // what it does anyway, for who says so
    drain->add_flag("--force", a.isForced);
    drain->add_option_function<std::string>("--deadline", [&a](const std::string& word) {
        const auto span = parseDuration(word);
        if (!span) throw CLI::ValidationError("--deadline", span.error().detail());
        a.deadline = *span;
    });
    restart->add_flag("--only-changed", a.isOnlyChanged);
    CLI::App* scale = app.add_subcommand("scale");
    scale->add_option("words", a.words);
    addOptionalValue(*scale, "--drain", a, a.drain, isDuration);
    scale->add_flag("--yes", a.isConfirmed);
    scale->add_flag("--dry-run", a.isDryRun);
    CLI::App* add = app.add_subcommand("add");
    add->add_option("pair", a.words);
    add->add_flag("--dry-run", a.isDryRun);
}

/// A verb of two words: `module enable`. Global flags stand after it as well.
void addGroup(CLI::App& app, Arguments& a, const char* name,
              std::initializer_list<const char*> actions, int wordsOfEach) {
    CLI::App* group = app.add_subcommand(name);
    group->require_subcommand(1);
    for (const char* action : actions) {
        CLI::App* sub = group->add_subcommand(action);
        sub->set_help_flag("--help");
        sub->fallthrough();
        const bool takesWords = wordsOfEach > 0 && std::string_view(action) != "list";
        if (takesWords) sub->add_option("name", a.words)->expected(wordsOfEach)->required();
    }
}

/// What `muster broker` shows of the embedded broker, and `disconnect`.
void addBrokerViews(CLI::App& app, Arguments& a) {
    CLI::App* group = app.get_subcommand("broker");
    for (const char* action : {"clients", "sessions", "subscriptions", "retained", "queues", "slow",
                               "stats", "disconnect", "trace"}) {
        const std::string_view name = action;
        CLI::App* sub = group->add_subcommand(action);
        sub->set_help_flag("--help");
        sub->fallthrough();
        sub->add_flag_callback("--json", [&a] { a.format = Format::Json; });
        const bool takesFilter = name == "subscriptions" || name == "retained";
        if (takesFilter) sub->add_option("filter", a.words)->expected(0, 1);
        if (name == "disconnect") sub->add_option("client", a.words)->expected(1)->required();
        if (name == "subscriptions" || name == "trace") sub->add_option("--client", a.client);
        if (name == "trace") sub->add_option("--topic", a.topic);
        if (name != "stats" && name != "disconnect" && name != "trace")
            sub->add_option("-n,--limit", a.limit)->check(CLI::Range(1, 1'000'000));
    }
}

std::string chosenVerb(const CLI::App& app) {
    std::string verb;
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        verb += (verb.empty() ? "" : " ") + at->get_name();
    }
    return verb;
}

std::vector<std::string> verbNames() {
    std::vector<std::string> names;
    for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
    return names;
}

/// Words that no verb takes: a verb that is none, or what stands too much behind one.
std::string unexpectedText(const std::string& verb, const std::string& word) {
    if (!verb.empty() || word.empty() || word.front() == '-') {
        return fmt::format("{} takes no '{}'", verb.empty() ? "muster" : verb, word);
    }
    const std::string near = config::nearest(word, verbNames());
    if (near == word) return fmt::format("'{0}' stands first: muster {0} [flags]", word);
    return fmt::format("no verb '{}'{}", word,
                       near.empty() ? "" : ": did you mean '" + near + "'?");
}

/// `error` as people say it: CLI11 does not name what it would take.
std::string complaintOf(const CLI::App& app, const CLI::ParseError& error) {
    const std::string verb = chosenVerb(app);
    const std::string first = verb.substr(0, verb.find(' '));
    std::string text = safeText(error.what());
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const auto words = app.remaining(true);
        text = safeText(unexpectedText(verb, words.empty() ? std::string() : words.front()));
    } else if (text == "A subcommand is required") {
        for (const Verb& entry : kVerbs) {
            if (entry.name == first)
                text = fmt::format("which?\nUsage:   muster {}", entry.synopsis);
        }
    }
    return fmt::format("muster: {}\nSee 'muster help{}{}'.\n", text, first.empty() ? "" : " ",
                       first);
}

/// Turns the command line into `help` of its verb.
void askForHelp(const CLI::App& app, Parsed& parsed) {
    const std::string verb = chosenVerb(app);
    parsed.arguments.words.clear();
    if (!verb.empty()) parsed.arguments.words = {verb.substr(0, verb.find(' '))};
    parsed.arguments.verb = "help";
    parsed.isUsable = true;
}

void describeVerb(const Verb& verb, std::string& text) {
    text += fmt::format("{}\n\nExample:  {}\n\nUsage:    muster {}\n", verb.summary, verb.example,
                        verb.synopsis);
    text += fmt::format("\n{}\nExit codes: {}\n", verb.isProcess ? kProcessFlags : kGlobalFlags,
                        verb.exits);
}

}  // namespace

Parsed parseArguments(int argc, const char* const* argv) {
    Parsed parsed;
    Arguments& a = parsed.arguments;
    std::string timeout;
    bool isVersionAsked = false;
    CLI::App app{"muster"};
    app.set_help_flag("--help");
    app.add_flag("--version", isVersionAsked);
    app.require_subcommand(0, 1);
    app.fallthrough();
    addConnectionFlags(app, a);
    addOutputFlags(app, a, timeout);
    addLookingVerbs(app, a);
    addChangingVerbs(app, a);
    addGroup(app, a, "broker", {"acl", "passwd"}, 0);
    addBrokerViews(app, a);
    addGroup(app, a, "module", {"list", "enable", "disable"}, 1);
    for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
        verb->set_help_flag("--help");
        verb->fallthrough();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        askForHelp(app, parsed);
        return parsed;
    } catch (const CLI::ParseError& error) {
        // -h is the host, as in pomelo; without one, it is what it is everywhere else.
        const bool isHelp = dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr &&
                            std::string_view(argv[argc - 1]) == "-h";
        if (isHelp) {
            askForHelp(app, parsed);
        } else {
            parsed.complaint = complaintOf(app, error);
        }
        return parsed;
    }
    a.verb = chosenVerb(app);
    if (a.verb.empty()) a.verb = isVersionAsked ? "version" : "help";
    if (!timeout.empty()) {
        const auto span = parseDuration(timeout);
        if (!span) {
            parsed.complaint = "muster: --timeout: " + safeText(span.error().detail()) + "\n";
            return parsed;
        }
        a.timeout = *span;
    }
    parsed.isUsable = true;
    return parsed;
}

std::string helpText(const std::string& verb) {
    std::string text;
    if (!verb.empty()) {
        for (const Verb& entry : kVerbs) {
            if (entry.name == verb) describeVerb(entry, text);
        }
        return text;
    }
    text =
        "muster starts, watches and commands a fleet of servers from one master.\n\n"
        "Examples:\n"
        "  muster start -c config     run the cluster of config/\n"
        "  muster ls                  all servers\n"
        "  muster events -f           what happens, as it happens\n"
        "  muster stop all            stop everything, dependents first\n\nVerbs:\n";
    for (const Verb& entry : kVerbs) text += fmt::format("  {:<12}{}\n", entry.name, entry.summary);
    text += fmt::format("\nSELECTOR: an id, a glob ('chat-*'), type:chat, host:h1, or all.\n\n{}",
                        kGlobalFlags);
    text +=
        "\nExit codes: 0 done, 1 failed on all, 2 usage, 3 no such, 4 partly, 5 timed out,\n"
        "6 not allowed, 7 no master answers, 8 refused, 9 unhealthy, 10 changes, 130 interrupted\n";
    return text;
}

std::string verbList() {
    std::string verbs;
    for (const Verb& entry : kVerbs) verbs += (verbs.empty() ? "" : " ") + std::string(entry.name);
    return verbs;
}

}  // namespace muster::cli

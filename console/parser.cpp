#include "console/parser.hpp"

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
    app.add_option("-o,--output", a.format)->transform(CLI::CheckedTransformer(kFormats));
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
    app.add_subcommand("orders")->add_option("-n,--limit", a.limit)->check(CLI::Range(1, 1000));
    app.add_subcommand("validate")->add_option("config", a.config);
    app.add_subcommand("version");
    app.add_subcommand("help")->add_option("verb", a.words)->expected(0, 2);
    app.add_subcommand("completion")->add_option("shell", a.words)->expected(0, 1);
}

void addChangingVerbs(CLI::App& app, Arguments& a) {
    for (const char* name : {"start", "stop", "restart", "kill"}) {
        CLI::App* verb = app.add_subcommand(name);
        addTargets(*verb, a);
        verb->add_flag("--yes", a.isConfirmed);
        verb->add_flag("--dry-run", a.isDryRun);
    }
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

std::string chosenVerb(const CLI::App& app) {
    std::string verb;
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        verb += (verb.empty() ? "" : " ") + at->get_name();
    }
    return verb;
}

std::string complaintOf(const CLI::ParseError& error) {
    return fmt::format("muster: {}\nSee 'muster help'.\n", safeText(error.what()));
}

void describeVerb(const Verb& verb, std::string& text) {
    text += fmt::format("{}\n\nExample:  {}\n\nUsage:    muster {}\n", verb.summary, verb.example,
                        verb.synopsis);
    text += fmt::format("\n{}\nExit codes: 0 done, 2 usage{}{}\n", kGlobalFlags,
                        verb.exits.empty() ? "" : ", ", verb.exits);
}

}  // namespace

Parsed parseArguments(int argc, const char* const* argv) {
    Parsed parsed;
    Arguments& a = parsed.arguments;
    std::string timeout;
    CLI::App app{"muster"};
    app.set_help_flag("--help");
    app.set_version_flag();
    app.require_subcommand(0, 1);
    app.fallthrough();
    addConnectionFlags(app, a);
    addOutputFlags(app, a, timeout);
    addLookingVerbs(app, a);
    addChangingVerbs(app, a);
    addGroup(app, a, "broker", {"acl", "passwd"}, 0);
    addGroup(app, a, "module", {"list", "enable", "disable"}, 1);
    for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
        verb->set_help_flag("--help");
        verb->fallthrough();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        a.words = {chosenVerb(app).substr(0, chosenVerb(app).find(' '))};
        if (a.words.front().empty()) a.words.clear();
        a.verb = "help";
        parsed.isUsable = true;
        return parsed;
    } catch (const CLI::ParseError& error) {
        parsed.complaint = complaintOf(error);
        return parsed;
    }
    a.verb = chosenVerb(app);
    if (a.verb.empty()) a.verb = "help";
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
    text += "  master, node, keep   the processes themselves (docs/operations.md)\n";
    text += fmt::format("\nSELECTOR: an id, a glob ('chat-*'), type:chat, host:h1, or all.\n\n{}",
                        kGlobalFlags);
    text +=
        "\nExit codes: 0 done, 1 failed on all, 2 usage, 3 no such, 4 partly, 5 timed out,\n"
        "6 not allowed, 7 no master answers, 8 refused, 9 unhealthy, 130 interrupted\n";
    return text;
}

std::string verbList() {
    std::string verbs;
    for (const Verb& entry : kVerbs) verbs += std::string(entry.name) + " ";
    return verbs + "master node keep";
}

}  // namespace muster::cli

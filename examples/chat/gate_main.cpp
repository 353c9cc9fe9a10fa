#include "examples/chat/gate.hpp"
#include "examples/chat/member.hpp"

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

/// The gate: browsers get the page here, and are told which connector to use.
namespace {

std::string contentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> pageFiles(const std::string& directory) {
    return {{"/", contentOf(directory + "/index.html")},
            {"/app.js", contentOf(directory + "/app.js")},
            {"/style.css", contentOf(directory + "/style.css")},
            {"/icon.svg", contentOf(directory + "/icon.svg")}};
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4) {
        std::cerr << "usage: chat_gate HOST PORT PAGE_DIRECTORY\n";
        return 2;
    }
    chat::Member member;
    chat::Gate gate(pageFiles(argv[3]));
    member.monitor().onServers([&gate](const muster::JsonText& servers) {
        gate.onConnectors(chat::peersOfType(servers, "connector"));
    });
    chat::HttpListener http(
        member.context(), argv[1], chat::portArgument(argv[2]),
        [&gate](const chat::HttpRequest& request) { return gate.answer(request); });
    return member.run();
} catch (const std::exception& error) {
    std::cerr << "chat_gate: " << error.what() << '\n';
    return 1;
}

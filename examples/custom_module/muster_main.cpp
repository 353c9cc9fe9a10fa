#include "players_master.hpp"

#include <memory>
#include <utility>
#include <vector>

/// muster with one module more: every subcommand is as in the plain program.
int main(int argc, char** argv) {
    return muster::runProgram(argc, argv, [] {
        std::vector<std::unique_ptr<muster::AdminModule>> modules;
        modules.push_back(std::make_unique<players::PlayersMaster>());
        return modules;
    });
}

#include <muster/master.hpp>

int main(int argc, char** argv) {
    return muster::runProgram(argc, argv);
}

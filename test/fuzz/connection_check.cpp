#include "test/fuzz/connection_check.hpp"

#include "test/fuzz/script_world.hpp"

namespace muster::test {

void checkConnections(std::string_view script) {
    if (script.size() < kScriptRecord) return;
    ScriptWorld world{ScriptRecord(script)};
    script.remove_prefix(kScriptRecord);
    for (; script.size() >= kScriptRecord; script.remove_prefix(kScriptRecord))
        world.play(ScriptRecord(script));
    world.finish();
}

}  // namespace muster::test

#pragma once

#include "master/cluster/state_store.hpp"
#include "master/console/console_service.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace muster {

/// Module switches in the StateStore, under module/<id> (mirrored as state/module/<id>). On the
/// master's thread; the store outlives it.
class StoredSwitches final : public ModuleSwitches {
public:
    explicit StoredSwitches(StateStore& store) : store_(store) {}
    bool isEnabled(std::string_view moduleId) const override;
    void save(std::string_view moduleId, bool isEnabled,
              std::function<void(Result<void>)> done) override;

private:
    StateStore& store_;
};

}  // namespace muster

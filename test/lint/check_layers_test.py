"""The layer check must know the direction between folders and where third-party headers live."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_layers  # noqa: E402

ALLOWED = [
    ("common/wire/envelope.cpp", '#include "common/log.hpp"'),
    ("monitor/monitor.cpp", '#include "common/mqtt/client.hpp"'),
    ("monitor/monitor.cpp", "#include <muster/monitor.hpp>"),
    ("monitor/standard_modules.cpp", '#include "modules/echo/echo_monitor.hpp"'),
    ("keeper/keeper.cpp", '#include "common/process/process_identity.hpp"'),
    ("master/mqtt/broker.cpp", '#include "master/async/asio_loop.hpp"'),
    ("master/mqtt/ws_stream.cpp", "#include <boost/beast/websocket.hpp>"),
    ("master/cluster/sqlite_store.cpp", "#include <sqlite3.h>"),
    ("common/mqtt/paho_client.cpp", "#include <mqtt/async_client.h>"),
    ("modules/watcher/watcher_master.cpp", '#include "modules/watcher/watch_table.hpp"'),
    ("modules/supervisor/node_service.cpp", '#include "monitor/node_link.hpp"'),
    ("app/start.cpp", '#include "master/mqtt/broker.hpp"'),
    ("test/unit/mqtt/broker_test.cpp", '#include "master/mqtt/broker.hpp"'),
    ("console/cli.cpp", '#include "common/config/cluster_config.hpp"'),
    ("examples/chat/gate.cpp", "#include <muster/monitor.hpp>"),
]
REFUSED = [
    ("common/wire/envelope.cpp", '#include "master/mqtt/codec.hpp"'),
    ("common/wire/envelope.cpp", "#include <boost/asio/io_context.hpp>"),
    ("monitor/monitor.cpp", '#include "master/console/console_service.hpp"'),
    ("monitor/monitor.cpp", "#include <boost/asio/post.hpp>"),
    ("monitor/monitor.cpp", "#include <mqtt/async_client.h>"),
    ("monitor/standard_modules.cpp", '#include "modules/echo/echo_master.hpp"'),
    ("modules/echo/echo_monitor.cpp", '#include "monitor/node_link.hpp"'),
    ("keeper/keeper.cpp", '#include "monitor/monitor_agent.hpp"'),
    ("master/mqtt/broker.cpp", '#include "master/console/master_agent.hpp"'),
    ("master/mqtt/broker.cpp", '#include "master/cluster/state_store.hpp"'),
    ("master/cluster/orders.cpp", '#include "master/async/asio_loop.hpp"'),
    ("master/supervisor/reconciler.cpp", '#include "master/console/master_agent.hpp"'),
    ("master/console/console_service.cpp", '#include "modules/watcher/watcher_master.hpp"'),
    ("master/mqtt/session.hpp", "#include <boost/beast/core.hpp>"),
    ("modules/watcher/watcher_monitor.cpp", '#include "master/console/master_agent.hpp"'),
    ("modules/watcher/watcher_master.cpp", '#include "monitor/monitor_agent.hpp"'),
    ("modules/watcher/watcher_monitor.cpp", '#include "modules/watcher/watcher_master.hpp"'),
    ("modules/supervisor/probes.cpp", '#include "master/supervisor/reconciler.hpp"'),
    ("modules/samples.cpp", '#include "master/console/master_agent.hpp"'),
    ("master/cluster/orders.cpp", '#include "common/mqtt/paho_client.hpp"'),
    ("console/cli.cpp", '#include "master/cluster/state_store.hpp"'),
    ("examples/chat/gate.cpp", '#include "common/log.hpp"'),
    ("include/muster/monitor.hpp", '#include "common/log.hpp"'),
    ("master/mqtt/broker.cpp", '#include "app/main.hpp"'),
]


class CheckLayers(unittest.TestCase):
    def test_allows_what_points_downwards(self):
        for path, line in ALLOWED:
            with self.subTest(path=path, line=line):
                self.assertEqual(check_layers.problems(path, line + "\n"), [])

    def test_refuses_what_points_upwards_or_sideways(self):
        for path, line in REFUSED:
            with self.subTest(path=path, line=line):
                self.assertTrue(check_layers.problems(path, line + "\n"))

    def test_has_no_cycle_between_boxes(self):
        edges = {name: set(allowed) - {"*"} for name, _, allowed in check_layers.LAYERS}

        def reaches(start, goal, seen):
            return any(n == goal or (n not in seen and reaches(n, goal, seen | {n})) for n in edges[start])

        for name in edges:
            self.assertFalse(reaches(name, name, set()), name)


if __name__ == "__main__":
    unittest.main()

// What is measured: the load, of whom, and the bars that muster's figures are held against.
'use strict';

const all = ['muster', 'mosquitto', 'null-epoll', 'null-asio'];
// What TCP_QUICKACK may cost the clients that have no use for it, acknowledgements being all they send.
const withoutCost = [{ figure: 'rate', of: 'muster-late-ack', least: 0.95 }, { figure: 'cpuUs', of: 'muster-late-ack', most: 1.05 }];

// A bar: muster's median of `figure`, by `of`'s (without it: itself), `least` or `most`.
// Pinned: the broker alone on core 0, the load on core 1; else the kernel decides, as it does for users.
const kinds = {
    'qos0': { load: ['stream', '--qos', '0', '--window', '500', '--seconds', '1.5'], of: all,
        bars: [{ figure: 'rate', of: 'mosquitto', least: 10 }, { figure: 'cpuUs', of: 'null-asio', most: 6 }] },
    'qos1': { load: ['stream', '--qos', '1', '--window', '500', '--seconds', '1.5'], of: all,
        bars: [{ figure: 'rate', of: 'mosquitto', least: 10 }, { figure: 'lost', most: 0 }, { figure: 'repeated', most: 0 }] },
    'pairs': { load: ['stream', '--qos', '1', '--window', '1', '--pairs', '64', '--seconds', '1.5'], of: all,
        bars: [{ figure: 'rate', of: 'null-asio', least: 0.8 }] },
    'fanout': { load: ['fanout', '--subscribers', '1000', '--rounds', '100'], of: all,
        bars: [{ figure: 'rate', of: 'null-asio', least: 0.7 }, { figure: 'lastUs', of: 'null-asio', most: 1.3 }] },
    'fanout-qos1': { load: ['fanout', '--qos', '1', '--subscribers', '1000', '--rounds', '100'], of: ['muster', 'muster-late-ack', 'mosquitto'], isPinned: true,
        bars: withoutCost },
    'acks': { load: ['stream', '--qos', '1', '--window', '1', '--pairs', '64', '--seconds', '1.5'], of: ['muster', 'muster-late-ack'], isPinned: true,
        bars: withoutCost },
    'echo1': { load: ['roundtrip', '--in-flight', '1', '--seconds', '1.5'], of: all, isPinned: true,
        bars: [{ figure: 'rate', of: 'null-asio', least: 0.9 }] },
    'echo64': { load: ['roundtrip', '--in-flight', '64', '--seconds', '1.5'], of: all, isPinned: true,
        bars: [{ figure: 'rate', of: 'null-asio', least: 0.6 }] },
    'flood': { load: ['roundtrip', '--in-flight', '1', '--flood', '250000', '--seconds', '3'], of: ['muster', 'mosquitto'], isDurable: true, bars: [] },
    'connections': { load: ['connections', '--count', '10000'], of: all,
        bars: [{ figure: 'rate', of: 'null-asio', least: 0.8 }] },
    'idle': { load: ['idle', '--count', '19000', '--seconds', '1'], of: ['muster', 'mosquitto'],
        bars: [{ figure: 'kibPerConnection', most: 2000 / 1024 }] },
    'durable': { load: ['offline', '--window', '500', '--seconds', '2', '--count', '800000'], of: ['muster', 'muster-power', 'mosquitto'], isDurable: true,
        bars: [{ figure: 'rate', of: 'mosquitto', least: 20 }, { figure: 'lost', most: 0 }, { figure: 'repeated', most: 0 }] },
    'paho': { program: 'muster_paho_round_trip', load: ['--rounds', '300'], of: ['muster', 'muster-late-ack', 'mosquitto'],
        bars: [{ figure: 'p50Us', most: 1000 }] },
};

module.exports = { kinds };

'use strict';
// pomelo-cli, unmodified, driven over standard input as a person would.
const path = require('path');
const { Child } = require('./support.js');

const isPrompt = (text, user) => new RegExp(`${user}@pomelo : [^>\\n]*>$`).test(text);

class Cli {
  constructor(port, user, password) {
    this.user = user;
    this.text = '';
    const program = path.join(process.env.MUSTER_INTEROP_MODULES, 'node_modules/pomelo-cli/bin/pomelo-cli');
    this.child = new Child(process.execPath,
      [program, '-h', '127.0.0.1', '-P', String(port), '-u', user, '-p', password], { plain: true });
    this.child.process.stdout.on('data', (bytes) => { this.text += bytes; this.child.wake(); });
  }
  async until(test, milliseconds = 15000) {
    const end = Date.now() + milliseconds;
    while (!test(this.text)) {
      if (this.child.process.exitCode !== null) throw new Error(`pomelo-cli ended: ${this.text}`);
      if (Date.now() > end) throw new Error(`no prompt came back: ${this.text}`);
      await this.child.more(200);
    }
    const text = this.text;
    this.text = '';
    return text;
  }
  prompt() { return this.until((text) => isPrompt(text, this.user)); }
  /// What it prints for `line`, until it asks for the next one. `answers` go to its questions.
  async run(line, ...answers) {
    this.child.process.stdin.write(line + '\n');
    for (const answer of answers) {
      await this.until((text) => /yes/.test(text));
      this.child.process.stdin.write(answer + '\n');
    }
    return (await this.prompt()).replace(/\x1b\[\d+m/g, '');
  }
}

module.exports = { Cli };

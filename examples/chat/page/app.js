// Talks to a connector, found through the gate; finds another one whenever it is lost.
'use strict';

const byId = (id) => document.getElementById(id);
const kMaxMessages = 300;
let socket = null;
let self = null;  // {name, room} once somebody joined
let delay = 500;

function show(id, text) {
  byId(id).textContent = text;
}

function showState(isHere, text) {
  byId('state').dataset.state = isHere ? 'here' : 'away';
  show('state', text);
}

function addLine(className, parts) {
  const list = byId('messages');
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const item = document.createElement('li');
  item.className = className;
  for (const [tag, text] of parts) {
    const part = document.createElement(tag);
    part.textContent = text;  // never as markup
    item.append(part);
  }
  list.append(item);
  while (list.children.length > kMaxMessages) list.firstChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

function addNote(text) {
  addLine('note', [['span', text]]);
}

function addMessage(event) {
  const time = new Date(event.time);
  const clock = isNaN(time) ? '' : time.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  const isMine = self && event.name === self.name;
  addLine(isMine ? 'mine' : '', [['b', event.name], ['span', event.text], ['time', clock]]);
}

function showMembers(names) {
  const list = byId('members');
  list.replaceChildren(...names.map((name) => {
    const item = document.createElement('li');
    item.textContent = name;
    return item;
  }));
}

const handlers = {
  hello(event) {
    show('connector', event.connector);
    if (self) send({op: 'join', name: self.name, room: self.room});
  },
  welcome(event) {
    show('server', event.server);
    show('room-title', '#' + event.room);
    showState(true, 'in the room');
    byId('messages').replaceChildren();
    for (const old of event.history) addMessage(old);
  },
  message: addMessage,
  joined(event) {
    showMembers(event.members);
    addNote(event.name + ' came in');
  },
  left(event) {
    showMembers(event.members);
    addNote(event.name + ' left');
  },
  waiting(event) {
    show('server', '–');
    showState(false, 'waiting');
    addNote(event.text);
  },
  error(event) {
    addNote(event.text);
  },
  move,
};

function send(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function onMessage(text) {
  const event = JSON.parse(text);
  if (Object.hasOwn(handlers, event.kind)) handlers[event.kind](event);
}

function retry() {
  show('connector', '–');
  show('server', '–');
  showState(false, 'connecting again');
  setTimeout(connect, delay);
  delay = Math.min(delay * 2, 5000);
}

async function findConnector() {
  const answer = await fetch('/connector');
  if (!answer.ok) throw new Error('no connector is up');
  return new WebSocket((await answer.json()).url);
}

/// `next` is what this page talks through from now on.
function take(next) {
  socket = next;
  socket.onmessage = (event) => onMessage(event.data);
  socket.onclose = retry;
}

async function connect() {
  let next;
  try {
    next = await findConnector();
  } catch {
    retry();
    return;
  }
  next.onopen = () => {
    delay = 500;
    showState(true, 'connected');
  };
  take(next);
}

/// Its connector is to be stopped: another one takes over first, so that nothing is cut.
async function move() {
  const old = socket;
  const again = () => setTimeout(() => { if (socket === old) move(); }, 1000);
  let next;
  try {
    next = await findConnector();
  } catch {
    again();
    return;
  }
  next.onclose = again;
  next.onmessage = (event) => {
    next.onclose = null;
    if (JSON.parse(event.data).kind === 'move' || socket !== old) {  // it is to be stopped as well
      next.close();
      again();
      return;
    }
    take(next);
    onMessage(event.data);
    old.onclose = null;
    old.close();
  };
}

byId('join').addEventListener('submit', (event) => {
  event.preventDefault();
  self = {name: byId('name').value.trim(), room: byId('room').value.trim()};
  if (!self.name || !self.room) return;
  byId('entrance').hidden = true;
  byId('talk').hidden = false;
  byId('text').focus();
  send({op: 'join', name: self.name, room: self.room});
});

byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('text').value.trim();
  if (text) send({op: 'say', text});
  byId('text').value = '';
});

byId('leave').addEventListener('click', () => {
  byId('talk').hidden = true;
  byId('entrance').hidden = false;
  byId('room').focus();
});

connect();

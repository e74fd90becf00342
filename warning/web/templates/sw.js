/* The service worker: shows what a push names (the text is fetched, so it is the newest), lets an update take the place of what it updates,
   clears what is over, and says "unknown" when there is no network. */
'use strict';
var KEPT = 'offline-2', PAGES = ['/offline', '/en/offline'];

self.addEventListener('install', function (event) {
  event.waitUntil(caches.open(KEPT).then(function (cache) { return cache.addAll(PAGES); }).then(function () { return self.skipWaiting(); }));
});

self.addEventListener('activate', function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) { return name !== KEPT; }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener('fetch', function (event) {
  if (event.request.mode !== 'navigate') { return; }
  event.waitUntil(swept());
  event.respondWith(fetch(event.request).catch(function () {
    // An old page is never shown in its place: no warning on it would look like no warning.
    return caches.match(new URL(event.request.url).pathname.indexOf('/en') === 0 ? PAGES[1] : PAGES[0]);
  }));
});

function asked(path) {
  var stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, 6000);
  return fetch(path, {signal: stop.signal}).then(function (answer) {
    clearTimeout(timer);
    if (!answer.ok) { throw new Error(answer.status); }
    return answer.json();
  });
}

/* The words of a warning; where a newer version has come out meanwhile, of that one. */
function words(id, lang) {
  var path = function (one) { return '/api/alerts/' + encodeURIComponent(one) + '/text?lang=' + lang; };
  return asked(path(id)).then(function (found) {
    return found.newest === id ? found : asked(path(found.newest)).catch(function () { return found; });
  });
}

/* What has run out leaves the screen: the phone may have been away when it ended, and nobody sends an end of what ends by itself. A drill has a clock of its own. */
function swept() {
  return self.registration.getNotifications().then(function (all) {
    all.forEach(function (one) { if (one.data && one.data.expires && Date.parse(one.data.expires) <= Date.now()) { one.close(); } });
  });
}

function shown(note) {
  var lang = note.lang === 'en-US' ? 'en' : 'zh', over = note.ends || note.msg_type === 'Cancel';
  var base = lang === 'en' ? '/en' : '';
  var plain = {title: note.title, body: note.body || (lang === 'en' ? 'Open for what to do.' : '打开查看防御指南。'), url: base + '/alert/' + note.id,
               version: note.version, over: over};
  var text = note.body ? Promise.resolve(plain) : words(note.id, lang).then(function (found) {
    var lifted = over || found.state === 'lifted' || found.state === 'expired';
    return {title: found.title || note.title, body: [found.body, lifted ? '' : found.instruction].filter(Boolean).join('\n').slice(0, 600), url: found.url,
            version: Math.max(note.version, found.version), over: lifted};
  }).catch(function () { return plain; });
  return Promise.all([text, self.registration.getNotifications({tag: note.event})]).then(function (both) {
    var said = both[0], before = both[1];
    var newer = before.filter(function (one) { return one.data && one.data.version > said.version; })[0];
    if (newer) {  // what came out of order says nothing new
      return self.registration.showNotification(newer.title, {tag: note.event, body: newer.body, data: newer.data, silent: true, icon: '/icons/192.png',
                                                              badge: '/icons/96.png', lang: newer.lang});
    }
    before.forEach(function (one) { one.close(); });
    return self.registration.showNotification(said.title, {
      tag: note.event, body: said.body, data: {url: said.url, version: said.version, over: said.over, event: note.event, expires: note.status === 'Actual' ? note.expires : ''}, lang: note.lang,
      icon: '/icons/192.png', badge: '/icons/96.png', renotify: !said.over, silent: said.over, requireInteraction: !said.over && note.level >= 3});
  });
}

self.addEventListener('push', function (event) {
  if (event.data) { event.waitUntil(swept().then(function () { return shown(event.data.json()); })); }
});

self.addEventListener('notificationclick', function (event) {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});

/* The browser has changed its address: everything that was registered goes over to the new one. */
self.addEventListener('pushsubscriptionchange', function (event) {
  if (!event.oldSubscription) { return; }
  var post = function (path, body) {
    return fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)}).then(function (answer) { return answer.json(); });
  };
  event.waitUntil(asked('/api/push-key').then(function (push) {
    var old = JSON.stringify(event.oldSubscription);
    return Promise.resolve(event.newSubscription || self.registration.pushManager.subscribe(event.oldSubscription.options)).then(function (fresh) {
      return post('/api/registrations/places', {channel: push.channel, address: old}).then(function (places) {
        return Promise.all(places.map(function (one) {
          var cell = one.cell.slice(1).split('_').map(Number);
          return post('/api/registrations', {channel: push.channel, address: JSON.stringify(fresh), lat: (cell[0] + 0.5) / 100, lon: (cell[1] + 0.5) / 100,
                                             hazards: one.hazards, min_level: one.min_level, language: one.language, quiet: one.quiet});
        }));
      }).then(function () { return post('/api/registrations/end', {channel: push.channel, address: old, place: 0}); });
    });
  }));
});

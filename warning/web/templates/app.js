/* The page on which a resident chooses places for notifications. The position of the phone is rounded to a cell before it is sent. */
(function () {
  'use strict';
  var app = document.getElementById('app'), said = document.getElementById('said'), form = app.querySelector('form.ack'), words = app.dataset;
  var mine = document.getElementById('mine'), install = document.getElementById('install'), select = form.elements.place, button = form.querySelector('button:not([type])'), push;
  app.hidden = false;
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) {
    say(words.unable);
    form.hidden = true;
    return;
  }

  function say(text) { said.textContent = text; }

  function post(path, body) {
    return fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)}).then(function (answer) {
      if (!answer.ok) { return answer.json().then(function (problem) { throw new Error(words.lang === 'en-US' ? problem.detail : ''); }); }
      return answer.json();
    });
  }

  function bytes(key) {
    var padded = (key + '===='.slice(key.length % 4 || 4)).replace(/-/g, '+').replace(/_/g, '/');
    return Uint8Array.from(atob(padded), function (one) { return one.charCodeAt(0); });
  }

  function named(select_name, key) {
    var option = Array.prototype.filter.call(form.elements[select_name].options || [], function (one) { return one.value === key; })[0];
    return option ? option.textContent : key;
  }

  function hazard(key) {
    var box = form.querySelector('input[value="' + key + '"]');
    return box ? box.parentNode.textContent.trim() : key;
  }

  function show(places) {
    var list = mine.querySelector('ul');
    list.textContent = '';
    mine.hidden = !places.length;
    places.forEach(function (one) {
      var item = document.createElement('li'), text = document.createElement('span'), button = document.createElement('button');
      var name = document.createElement('b');
      name.textContent = one.place.name[words.lang === 'en-US' ? 'en' : 'zh'];
      text.appendChild(name);
      text.appendChild(document.createTextNode(' · ' + [
        one.hazards.map(hazard).join(words.lang === 'en-US' ? ', ' : '、') || words.every, named('min_level', one.min_level),
        one.quiet ? words.quiet + ' ' + one.quiet : ''].filter(Boolean).join(' · ')));
      button.className = 'plain';
      button.textContent = words.remove;
      button.setAttribute('aria-label', words.remove + ' ' + name.textContent);
      button.addEventListener('click', function () {
        subscription().then(function (held) { return post('/api/registrations/end', {channel: push.channel, address: JSON.stringify(held), place: one.id}); })
          .then(show).catch(fail);
      });
      item.appendChild(text);
      item.appendChild(button);
      list.appendChild(item);
    });
  }

  /* What we say ourselves as it is; what browser and server say only where it is in the page's language. */
  function fail(error) {
    if (error && error.told) { say(error.told); return; }
    say(words.failed + (words.lang === 'en-US' && error && error.message ? ' (' + error.message + ')' : ''));
  }

  function told(text) {
    var error = new Error(text);
    error.told = text;
    return error;
  }

  function subscription() {
    return navigator.serviceWorker.ready.then(function (worker) { return worker.pushManager.getSubscription(); });
  }

  function subscribed() {
    return Notification.requestPermission().then(function (answer) {
      if (answer !== 'granted') { throw told(words.denied); }
      return navigator.serviceWorker.ready;
    }).then(function (worker) {
      return worker.pushManager.getSubscription().then(function (held) {
        return held || worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: bytes(push.key)});
      });
    });
  }

  function refresh(held) {
    return post('/api/registrations/places', {channel: push.channel, address: JSON.stringify(held)}).then(show);
  }

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    var chosen = select.selectedOptions[0], from = form.elements.quiet_from.value, until = form.elements.quiet_until.value;
    if (Boolean(from) !== Boolean(until) || from && from === until) { say(words.both); return; }
    button.disabled = true;
    say(words.wait);
    ready.then(subscribed).then(function (held) {
      return post('/api/registrations', {
        channel: push.channel, address: JSON.stringify(held), lat: Number(chosen.dataset.lat), lon: Number(chosen.dataset.lon),
        hazards: Array.prototype.map.call(form.querySelectorAll('input[name=hazards]:checked'), function (box) { return box.value; }),
        min_level: form.elements.min_level.value, language: words.lang, quiet: from && until ? from + '-' + until : ''
      }).then(function () { say(words.saved); return refresh(held); });
    }).catch(fail).then(function () { button.disabled = false; });
  });

  document.getElementById('position').addEventListener('click', function () {
    say(words.finding);
    navigator.geolocation.getCurrentPosition(function (position) {
      var cell = function (degrees) { return ((Math.floor(degrees * 100) + 0.5) / 100).toFixed(3); };
      var lat = cell(position.coords.latitude), lon = cell(position.coords.longitude);
      fetch('/api/warned?coarse=true&lat=' + lat + '&lon=' + lon).then(function (answer) { return answer.json(); }).then(function (found) {
        if (!found.place) { say(words.outside); return; }
        say('');
        var option = new Option(words.position + ' (' + found.place.name[words.lang === 'en-US' ? 'en' : 'zh'] + ')', found.place.code, true, true);
        option.dataset.lat = lat;
        option.dataset.lon = lon;
        select.add(option, 0);
        select.selectedIndex = 0;
        document.getElementById('wish').hidden = false;
      }).catch(fail);
    }, function () { say(words.nowhere); }, {maximumAge: 300000, timeout: 15000});
  });

  window.addEventListener('beforeinstallprompt', function (event) {
    event.preventDefault();
    install.hidden = false;
    install.onclick = function () { event.prompt(); install.hidden = true; };
  });

  /* Who presses before the key is here waits for it. */
  var ready = navigator.serviceWorker.register('/sw.js').then(function () { return fetch('/api/push-key'); }).then(function (answer) {
    if (!answer.ok) { throw new Error(answer.status); }
    return answer.json();
  }).then(function (found) { push = found; });
  ready.then(subscription).then(function (held) { return held && refresh(held); }).catch(fail);
})();

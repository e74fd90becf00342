/* What a page can do beyond standing there: look whether something has changed, say that it is old, and ask about the place where the phone is, rounded to a cell of about 1 km. */
(function () {
  'use strict';
  var root = document.documentElement, note = document.getElementById('stale');
  function age() {
    var until = Date.parse(root.dataset.until), old = Boolean(until) && Date.now() >= until;
    root.classList.toggle('stale', old);
    if (!note || !old) { if (note) { note.hidden = true; } return; }
    var span = note.querySelector('span'), minutes = Math.max(1, Math.round((Date.now() - until) / 60000));
    span.textContent = span.dataset.age.replace('{n}', minutes);
    note.hidden = false;
  }
  age();
  setInterval(age, 15000);

  /* What is said, but for when it was made. */
  function said_by(page) {
    var main = page.querySelector('main').cloneNode(true);
    Array.prototype.forEach.call(main.querySelectorAll('time, #here'), function (one) { one.remove(); });
    return main.textContent;
  }

  /* Only what has changed is loaded anew, so that nobody's reading is broken off; without an answer the page stays as it is, and grows old. */
  function look() {
    if (document.hidden || !root.dataset.until || document.querySelector('main form')) { return; }
    fetch(location.href, {cache: 'no-cache'}).then(function (answer) { return answer.ok ? answer.text() : ''; }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, 'text/html'), until = fresh.documentElement.dataset.until;
      if (!until || !fresh.querySelector('main') || Date.parse(until) <= Date.parse(root.dataset.until)) { return; }  // no page of ours, or an older copy
      if (said_by(fresh) !== said_by(document)) { location.reload(); return; }
      root.dataset.until = until;
      var times = fresh.querySelectorAll('time');
      Array.prototype.forEach.call(document.querySelectorAll('time'), function (one, index) {
        if (times[index]) { one.textContent = times[index].textContent; one.setAttribute('datetime', times[index].getAttribute('datetime')); }
      });
      age();
    }).catch(function () {});
  }
  setInterval(look, 60000);
  document.addEventListener('visibilitychange', look);

  var here = document.getElementById('here');
  if (!here || !navigator.geolocation) { return; }
  var said = here.querySelector('p');
  function middle(degrees) { return ((Math.floor(degrees * 100) + 0.5) / 100).toFixed(3); }
  function tell(words) { said.textContent = words; }
  function show(answer) {
    tell('');
    var where = answer.place ? answer.place.name[here.dataset.lang] : '';
    if (!answer.place && !answer.alerts.length) { tell(here.dataset.outside); } else if (!answer.warned) { tell((where ? where + ': ' : '') + here.dataset.none); }
    answer.alerts.forEach(function (alert) {
      var link = document.createElement('a');
      link.href = (here.dataset.lang === 'en' ? '/en' : '') + alert.page_url;
      link.textContent = alert.headline[here.dataset.lang];
      link.className = 'l' + (['blue', 'yellow', 'orange', 'red'].indexOf(alert.level) + 1);
      said.appendChild(link);
    });
  }
  here.hidden = false;
  here.querySelector('button').addEventListener('click', function () {
    navigator.geolocation.getCurrentPosition(function (position) {
      // Only the middle of the cell leaves the phone.
      fetch('/api/warned?coarse=true&lat=' + middle(position.coords.latitude) + '&lon=' + middle(position.coords.longitude))
        .then(function (answer) { if (!answer.ok) { throw new Error(answer.status); } return answer.json(); })
        .then(show).catch(function () { tell(here.dataset.failed); });
    }, function () { tell(here.dataset.failed); }, {maximumAge: 300000, timeout: 15000});
  });
})();

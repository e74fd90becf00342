/* What a page can do beyond standing there: say that it is old, and ask about the place where the phone is, rounded to a cell of about 1 km. */
(function () {
  'use strict';
  var root = document.documentElement, until = Date.parse(root.dataset.until), note = document.getElementById('stale');
  function age() {
    if (!note || !until || Date.now() < until) { return; }
    var span = note.querySelector('span'), minutes = Math.max(1, Math.round((Date.now() - until) / 60000));
    root.classList.add('stale');
    span.textContent = span.dataset.age.replace('{n}', minutes);
    note.hidden = false;
  }
  age();
  setInterval(age, 15000);

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
      said.appendChild(link);
      said.appendChild(document.createElement('br'));
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

// What our own pages add where scripts run. Everything here is comfort: each page works without it.
"use strict";

// A page that came back with errors is read from its summary.
document.addEventListener("DOMContentLoaded", () => {
  const errors = document.getElementById("errors");
  if (errors) {
    errors.focus();
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 10000);
});

// What htmx sends carries the token of the page's forms.
document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('input[name="form_token"]');
  if (token) {
    event.detail.ctx.request.headers["X-Form-Token"] = token.value;
  }
});

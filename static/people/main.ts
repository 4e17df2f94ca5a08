// The secret of a mailed link stands after the # of the address. It is moved into the form and taken out of the address,
// so that neither the history nor anybody who looks at the screen has it.

const SECRET = /^#(h[il]t_\w{1,200})$/;

function takeSecret(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-fragment]");
  const secret = SECRET.exec(location.hash)?.[1];
  if (!field || secret === undefined) return;
  field.value = secret;
  history.replaceState(null, "", location.pathname);
  const frame = field.closest<HTMLElement>(".field");
  if (frame) frame.hidden = true;
  if (field.dataset.fragment === "send") field.form?.requestSubmit();
}

takeSecret();
// The link may be opened in a tab that has this page already: then nothing is loaded.
addEventListener("hashchange", takeSecret);

// Names and keys for what the theme leaves to the eye and the mouse.
window.addEventListener("load", () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  document.querySelectorAll(".md-code__nav").forEach((buttons, number) => {
    buttons.setAttribute("aria-label", `Code block ${number + 1}`);
  });
  for (const wide of document.querySelectorAll('.md-typeset__scrollwrap, p:has(> img[src$="picture.svg"])')) {
    if (wide.scrollWidth > wide.clientWidth) {
      wide.setAttribute("tabindex", "0"); // so that the arrow keys move it
    }
  }
});

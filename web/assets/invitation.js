// The code stands behind "#", which browsers never send: it is shown here and goes nowhere else.
function codeOf(link) {
  try {
    return decodeURIComponent(link.slice(1));
  } catch {
    return ""; // cut off or mistyped, such as "#%"
  }
}

const code = codeOf(location.hash);
const shown = /^[0-9A-Za-z -]{13,20}$/.test(code);
document.getElementById(shown ? "found" : "missing").hidden = false;
if (shown) {
  document.getElementById("code").textContent = code;
  document.getElementById("copy").addEventListener("click", async () => {
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(code);
      said.textContent = "Copied";
    } catch {
      said.textContent = "Select the code and copy it by hand";
    }
  });
}

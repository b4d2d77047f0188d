// The code stands behind "#", which browsers never send: it is shown here and goes nowhere else.
function readCode() {
  try {
    const code = decodeURIComponent(location.hash.slice(1));
    return /^[0-9A-Za-z -]{13,20}$/.test(code) ? code : null;
  } catch {
    return null; // a stray % in the link
  }
}

const code = readCode();
document.getElementById(code ? "found" : "missing").hidden = false;
if (code) {
  document.getElementById("heading").textContent = "You have an invitation";
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
// Another link opened in the same tab changes only what is behind "#".
addEventListener("hashchange", () => location.reload());

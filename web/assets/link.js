// The pages behind mailed links. The secret stands behind "#", which browsers never send by themselves; it goes to the
// API in the body of one request, and nowhere else.
const form = document.getElementById("form");
const said = document.getElementById("said");
const button = form.querySelector("button");
const mutation = form.dataset.mutation;
const token = location.hash.slice(1);
const DOCUMENTS = {
  acceptMembership: `mutation($input: AcceptMembershipInput!) { answer: acceptMembership(input: $input) {
    __typename ... on AcceptedMembership { account { email } } ... on Error { message } } }`,
  resetPassword: `mutation($input: ResetPasswordInput!) { answer: resetPassword(input: $input) {
    __typename ... on Error { message } } }`,
};
const SIGN_IN = "the app for your doors, or with whatever uses the API";
const DONE = {
  AcceptedMembership: ({ account }) => `You have joined. Sign in as ${account.email} with your password in ${SIGN_IN}.`,
  ResetPassword: () => `Your new password is set. Sign in with it in ${SIGN_IN}.`,
};

function say(text, bad = false) {
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

// Nothing more can be done with this link: the form goes, and what was typed with it.
function close(text, bad) {
  form.reset();
  form.hidden = true;
  say(text, bad);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say("");
  button.disabled = true;
  const password = document.getElementById("password").value;
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: DOCUMENTS[mutation], variables: { input: { token, password: password || null } } }),
    });
    const answer = (await response.json()).data?.answer;
    if (answer?.__typename in DONE) close(DONE[answer.__typename](answer));
    else if (answer?.__typename === "LinkNotUsable") close(answer.message, true);
    else say(answer?.message ?? "That did not work. Try again.", true);
  } catch {
    say("The server does not answer. Try again.", true);
  } finally {
    button.disabled = false;
  }
});

if (/^lwl_[\w-]{49}$/.test(token)) form.hidden = false;
else close("This link is not whole. Open it from the letter again, or ask for a new one.", true);
// Another link opened in the same tab changes only what is behind "#".
addEventListener("hashchange", () => location.reload());

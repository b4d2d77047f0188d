// The pages behind mailed links. The secret stands behind "#", which browsers never send by themselves; it goes to the
// API in the body of one request, and nowhere else.
const form = document.getElementById("form");
const said = document.getElementById("said");
const mutation = form.dataset.mutation;
const DOCUMENTS = {
  acceptMembership: `mutation($input: AcceptMembershipInput!) { answer: acceptMembership(input: $input) {
    __typename ... on MembershipAccepted { member { name role } } ... on Error { message } } }`,
  resetPassword: `mutation($input: ResetPasswordInput!) { answer: resetPassword(input: $input) {
    __typename ... on Error { message } } }`,
};
const DONE = {
  MembershipAccepted: "You have joined. You can sign in now.",
  PasswordChanged: "Your new password is set. You can sign in now.",
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  const password = document.getElementById("password").value;
  const input = { token: location.hash.slice(1), password: password || null };
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: DOCUMENTS[mutation], variables: { input } }),
    });
    const answer = (await response.json()).data?.answer;
    said.textContent = DONE[answer?.__typename] ?? answer?.message ?? "That did not work. Try again.";
    form.hidden = answer?.__typename in DONE;
  } catch {
    said.textContent = "The server does not answer. Try again.";
  }
});

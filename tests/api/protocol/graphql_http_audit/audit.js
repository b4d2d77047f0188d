// Runs every audit of the npm package graphql-http against the URL in the first argument and prints
// their results as a JSON list of {id, name, status, reason}.
const { auditServer } = require("graphql-http");

auditServer({ url: process.argv[2] })
  .then((results) => {
    const lines = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
    console.log(JSON.stringify(lines));
  })
  .catch((fault) => {
    console.error(fault);
    process.exit(1);
  });

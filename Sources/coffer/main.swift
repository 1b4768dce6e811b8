import CLI

await Program.main()

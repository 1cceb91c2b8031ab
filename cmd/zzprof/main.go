package main
import ("context";"os";"runtime/pprof"
 _ "github.com/modelops/modelops/argocd/fastinit"
 "github.com/modelops/modelops/cmd"
 _ "github.com/modelops/modelops/internal/firstgc")
func main(){ f,_:=os.Create(os.Getenv("PROF")); pprof.StartCPUProfile(f)
 rc:=cmd.Run(context.Background(),os.Args,cmd.OSEnv()); pprof.StopCPUProfile(); f.Close(); os.Exit(rc)}
